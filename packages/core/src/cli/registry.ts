/** Every command, in the order of `--help`. */
import type { CliCommand } from './command.ts'
import { auditCommand } from './commands/audit.ts'
import { backfillCommand } from './commands/backfill.ts'
import { backfillsCommand } from './commands/backfills.ts'
import { cancelCommand } from './commands/cancel.ts'
import { deadCommand } from './commands/dead.ts'
import { doctorCommand } from './commands/doctor.ts'
import { healthCommand } from './commands/health.ts'
import { listCommand } from './commands/list.ts'
import { previewCommand } from './commands/preview.ts'
import { replayCommand } from './commands/replay.ts'
import { resumeCommand } from './commands/resume.ts'
import { retireCommand } from './commands/retire.ts'
import { rollupsCommand } from './commands/rollups.ts'
import { runCommand } from './commands/run.ts'
import { runsCommand } from './commands/runs.ts'
import { schedulesCommand } from './commands/schedules.ts'
import { suspendCommand } from './commands/suspend.ts'
import { tickCommand } from './commands/tick.ts'
import { triggerCommand } from './commands/trigger.ts'
import { verifyCommand } from './commands/verify.ts'

/** Headings of `--help`, each with its commands. */
export const COMMAND_GROUPS: readonly { readonly heading: string; readonly commands: readonly CliCommand[] }[] = [
  { heading: 'Look:', commands: [listCommand, previewCommand, schedulesCommand, runsCommand, deadCommand] },
  { heading: 'Run:', commands: [runCommand, triggerCommand, tickCommand, replayCommand, cancelCommand] },
  { heading: 'Roll up:', commands: [rollupsCommand, backfillCommand, backfillsCommand, verifyCommand] },
  { heading: 'Control:', commands: [suspendCommand, resumeCommand, retireCommand] },
  { heading: 'Examine:', commands: [healthCommand, auditCommand, doctorCommand] },
]
