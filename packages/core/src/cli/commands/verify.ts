/** `verify`: recomputes windows beside what the target holds. */
import type { Drift } from '../../rollup/rollup.ts'
import type { Duration } from '../../time/duration.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatCount, formatInstant } from '../format.ts'
import { knownRollup } from '../known-rollup.ts'
import { duration, wholeNumber } from '../parse-option.ts'
import { type Column, renderTable } from '../table.ts'

interface VerifyOptions {
  readonly from?: string
  readonly to?: string
  readonly last?: Duration
  readonly sample: number
  readonly all?: true
}

/** The command `verify`. */
export const verifyCommand: CliCommand<VerifyOptions> = {
  name: 'verify',
  summary: 'recompute windows of a rollup beside what its target holds; writes nothing',
  details: 'Exit code 1 when a row differs. Windows that are dirty or were not refreshed yet are left out.',
  examples: [
    'verify stats-daily --last 30d',
    'verify stats-daily --from 2026-01-01 --to 2026-02-01',
    'verify stats-daily --from 2026-03-01 --to 2026-03-08 --all',
  ],
  needsSharedStore: true,
  define: (command) =>
    command
      .argument('<rollup>', 'name of the rollup')
      .option('--from <instant>', 'first instant, or a day of the rollup’s zone')
      .option('--to <instant>', 'end, exclusive (default: now)')
      .option('--last <duration>', 'up to now, such as 30d', duration)
      .option('--sample <n>', 'so many windows, spread over the range', wholeNumber(1, 100_000), 100)
      .option('--all', 'every window of the range'),
  run: async ({ scheduler }, [name = ''], { sample, all, ...range }) => {
    const report = await scheduler.rollups.verify(knownRollup(scheduler, name), { ...range, sample: all === true ? 'all' : sample })
    const { drift, checked, leftOut, more } = report
    const head = `${formatCount(checked, 'window')} of ${name} recomputed${leftOut === 0 ? '' : `, ${leftOut} left out`}: `
    return {
      exitCode: drift.length === 0 ? EXIT.ok : EXIT.failed,
      json: report,
      text: (layout) =>
        drift.length === 0
          ? `${head}all as it should be`
          : `${head}${formatCount(drift.length, 'row')}${more ? ' and more' : ''} differ\n\n${renderTable(drift, COLUMNS, layout)}`,
    }
  },
}

const COLUMNS: readonly Column<Drift>[] = [
  { title: 'WINDOW', value: ({ window }) => formatInstant(window) },
  { title: 'KEY', value: ({ key }) => key, flex: true },
  { title: 'EXPECTED', value: ({ expected }) => expected ?? 'no row', flex: true },
  { title: 'FOUND', value: ({ found }) => found ?? 'no row', flex: true },
]
