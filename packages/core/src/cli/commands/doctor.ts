/** `doctor`: what is wrong with the set-up, and what to do about it. */
import type { CliCommand } from '../command.ts'
import { type DoctorCheck, planDoctorChecks } from '../doctor-checks.ts'
import { collectDoctorFacts } from '../doctor-facts.ts'
import { EXIT } from '../exit-code.ts'
import { type Layout, renderFields } from '../table.ts'

/** The command `doctor`. */
export const doctorCommand: CliCommand = {
  name: 'doctor',
  summary: 'check the set-up: store, clocks, workers, leftovers',
  details: 'Each line is ok, warn or fail, with a remedy. Exit code 1 on a fail, 3 when the store does not answer.',
  examples: ['doctor', 'doctor --json'],
  needsSharedStore: false,
  define: (command) => command,
  run: async (context) => {
    const facts = await collectDoctorFacts(context)
    const checks = planDoctorChecks(facts)
    const failed = checks.some((check) => check.status === 'fail')
    const exitCode = facts.store.error !== null ? EXIT.unreachable : failed ? EXIT.failed : EXIT.ok
    return { exitCode, json: { ok: exitCode === EXIT.ok, checks }, text: (layout) => renderChecks(checks, layout) }
  },
}

function renderChecks(checks: readonly DoctorCheck[], layout: Layout): string {
  const width = Math.max(0, ...checks.map((check) => check.name.length))
  return renderFields(
    checks.map(({ name, status, detail, remedy }) => [
      status.padEnd(4),
      `${name.padEnd(width)}  ${detail}${remedy === null ? '' : `\n${' '.repeat(width)}  → ${remedy}`}`,
    ]),
    layout,
  )
}
