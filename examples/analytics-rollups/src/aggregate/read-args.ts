/** The command line of `analytics:aggregate`. Pure. */
import { parseArgs } from 'node:util'
import { DAY_MS, dayOf } from '../db/time.ts'

export type AggregateTask =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problem: string }
  /** What a CronJob asks for: whatever is due or was changed. */
  | { readonly kind: 'sweep'; readonly of: 'hourly' | 'daily' }
  | { readonly kind: 'backfill'; readonly range: { readonly last: `${number}d` } | { readonly date: string } }

export const USAGE = `Usage: pnpm analytics:aggregate [-- options]

Without options: aggregates yesterday again.
  --backfill <days>   the last so many days, 1 to 90, newest first
  --date <day>        one day, such as 2024-11-09
  --hourly            what is due or changed of the hours, as the hourly CronJob does
  --daily             the same of hours, days and models, and then the view, as the daily CronJob does
  --help              this

Ends with 0 when all is aggregated, 1 when something failed, 2 when it was asked wrongly. A backfill goes on without this
command, on every process of the service; it is listed by "pnpm ops backfills".`

export function readArgs(args: readonly string[], now: number): AggregateTask {
  const read = parse(args)
  if ('problem' in read) return { kind: 'wrong', problem: read.problem }
  const { help, backfill, date, hourly, daily } = read.values
  if (help === true) return { kind: 'help' }
  const given = Object.keys(read.values)
  if (given.length > 1) return { kind: 'wrong', problem: `--${given.join(' and --')} do not go together` }
  if (hourly === true || daily === true) return { kind: 'sweep', of: hourly === true ? 'hourly' : 'daily' }
  if (backfill !== undefined) {
    const days = /^\d{1,2}$/.test(backfill) ? Number(backfill) : 0
    if (days < 1 || days > 90) return { kind: 'wrong', problem: `--backfill ${backfill}: give whole days, 1 to 90` }
    return { kind: 'backfill', range: { last: `${days}d` } }
  }
  if (date !== undefined && !isDay(date)) return { kind: 'wrong', problem: `--date ${date}: give a day, such as 2024-11-09` }
  return { kind: 'backfill', range: { date: date ?? dayOf(now - DAY_MS) } }
}

function parse(args: readonly string[]) {
  // What pnpm and npm put between their own options and ours.
  const own = args.filter((arg) => arg !== '--')
  try {
    return parseArgs({
      args: own,
      options: {
        help: { type: 'boolean' },
        backfill: { type: 'string' },
        date: { type: 'string' },
        hourly: { type: 'boolean' },
        daily: { type: 'boolean' },
      },
    })
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`)
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(at) && dayOf(at) === text
}
