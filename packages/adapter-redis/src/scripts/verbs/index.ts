/** Every script, by the verb that runs it. */
import type { LuaModule } from '../lua-module.ts'
import { backfillsControl } from './backfills-control.ts'
import { backfillsCreate } from './backfills-create.ts'
import { backfillsFind } from './backfills-find.ts'
import { backfillsGet } from './backfills-get.ts'
import { backfillsStamp } from './backfills-stamp.ts'
import { leasesAcquire } from './leases-acquire.ts'
import { leasesAcquireLone } from './leases-acquire-lone.ts'
import { leasesReleaseLone } from './leases-release-lone.ts'
import { leasesRelease } from './leases-release.ts'
import { leasesRenew } from './leases-renew.ts'
import { leasesWithdraw } from './leases-withdraw.ts'
import { mend } from './mend.ts'
import { mendWindows } from './mend-windows.ts'
import { now } from './now.ts'
import { open } from './open.ts'
import { repair } from './repair.ts'
import { runsCancel } from './runs-cancel.ts'
import { runsClaim } from './runs-claim.ts'
import { runsEnqueue } from './runs-enqueue.ts'
import { runsEnqueuePlain } from './runs-enqueue-plain.ts'
import { runsEnqueueShort } from './runs-enqueue-short.ts'
import { runsFind } from './runs-find.ts'
import { runsGates } from './runs-gates.ts'
import { runsGet } from './runs-get.ts'
import { runsHeld } from './runs-held.ts'
import { runsLeave } from './runs-leave.ts'
import { runsPrune } from './runs-prune.ts'
import { runsReleaseGates } from './runs-release-gates.ts'
import { runsRenew } from './runs-renew.ts'
import { runsSettle } from './runs-settle.ts'
import { runsStats } from './runs-stats.ts'
import { schedulesCountSkips } from './schedules-count-skips.ts'
import { schedulesDue } from './schedules-due.ts'
import { schedulesFire } from './schedules-fire.ts'
import { schedulesFirePlain } from './schedules-fire-plain.ts'
import { schedulesGet } from './schedules-get.ts'
import { schedulesLedger } from './schedules-ledger.ts'
import { schedulesList } from './schedules-list.ts'
import { schedulesLoad } from './schedules-load.ts'
import { schedulesQuarantine } from './schedules-quarantine.ts'
import { schedulesRegister } from './schedules-register.ts'
import { schedulesRemove } from './schedules-remove.ts'
import { schedulesRetire } from './schedules-retire.ts'
import { schedulesSet } from './schedules-set.ts'
import { schedulesSuspend } from './schedules-suspend.ts'
import { windowsClaim } from './windows-claim.ts'
import { windowsCollect } from './windows-collect.ts'
import { windowsCommit } from './windows-commit.ts'
import { windowsDefine } from './windows-define.ts'
import { windowsDrain } from './windows-drain.ts'
import { windowsFail } from './windows-fail.ts'
import { windowsForget } from './windows-forget.ts'
import { windowsList } from './windows-list.ts'
import { windowsMark } from './windows-mark.ts'
import { windowsPass } from './windows-pass.ts'
import { windowsState } from './windows-state.ts'
import { windowsSweep } from './windows-sweep.ts'

/** Every script by its name here. */
export type VerbName =
  | 'backfillsControl'
  | 'backfillsCreate'
  | 'backfillsFind'
  | 'backfillsGet'
  | 'backfillsStamp'
  | 'leasesAcquire'
  | 'leasesAcquireLone'
  | 'leasesReleaseLone'
  | 'leasesRelease'
  | 'leasesRenew'
  | 'leasesWithdraw'
  | 'mend'
  | 'mendWindows'
  | 'now'
  | 'open'
  | 'repair'
  | 'runsCancel'
  | 'runsClaim'
  | 'runsEnqueue'
  | 'runsEnqueuePlain'
  | 'runsEnqueueShort'
  | 'runsFind'
  | 'runsGates'
  | 'runsGet'
  | 'runsHeld'
  | 'runsLeave'
  | 'runsPrune'
  | 'runsReleaseGates'
  | 'runsRenew'
  | 'runsSettle'
  | 'runsStats'
  | 'schedulesCountSkips'
  | 'schedulesDue'
  | 'schedulesFire'
  | 'schedulesFirePlain'
  | 'schedulesGet'
  | 'schedulesLedger'
  | 'schedulesList'
  | 'schedulesLoad'
  | 'schedulesQuarantine'
  | 'schedulesRegister'
  | 'schedulesRemove'
  | 'schedulesRetire'
  | 'schedulesSet'
  | 'schedulesSuspend'
  | 'windowsClaim'
  | 'windowsCollect'
  | 'windowsCommit'
  | 'windowsDefine'
  | 'windowsDrain'
  | 'windowsFail'
  | 'windowsForget'
  | 'windowsList'
  | 'windowsMark'
  | 'windowsPass'
  | 'windowsState'
  | 'windowsSweep'

export const verbModules: Readonly<Record<VerbName, LuaModule>> = {
  backfillsControl,
  backfillsCreate,
  backfillsFind,
  backfillsGet,
  backfillsStamp,
  leasesAcquire,
  leasesAcquireLone,
  leasesReleaseLone,
  leasesRelease,
  leasesRenew,
  leasesWithdraw,
  mend,
  mendWindows,
  now,
  open,
  repair,
  runsCancel,
  runsClaim,
  runsEnqueue,
  runsEnqueuePlain,
  runsEnqueueShort,
  runsFind,
  runsGates,
  runsGet,
  runsHeld,
  runsLeave,
  runsPrune,
  runsReleaseGates,
  runsRenew,
  runsSettle,
  runsStats,
  schedulesCountSkips,
  schedulesDue,
  schedulesFire,
  schedulesFirePlain,
  schedulesGet,
  schedulesLedger,
  schedulesList,
  schedulesLoad,
  schedulesQuarantine,
  schedulesRegister,
  schedulesRemove,
  schedulesRetire,
  schedulesSet,
  schedulesSuspend,
  windowsClaim,
  windowsCollect,
  windowsCommit,
  windowsDefine,
  windowsDrain,
  windowsFail,
  windowsForget,
  windowsList,
  windowsMark,
  windowsPass,
  windowsState,
  windowsSweep,
}
