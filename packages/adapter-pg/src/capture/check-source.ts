/** Refuses what cannot be captured, and says what to do instead. */
import { QuarterjackError } from '@quarterjack/core/store'
import type { CaptureSpec } from './capture-sql.ts'
import type { CaptureFacts } from './read-capture.ts'

const INSTEAD: Readonly<Record<string, string>> = {
  v: 'is a view, and has no rows of its own. Capture the tables under it.',
  m: 'is a materialized view. Let its rollups come after the job that refreshes it, or mark it with scheduler.mark.',
  f: 'is a foreign table, whose changes are made elsewhere. Give its rollups a lookback, or mark it with scheduler.mark.',
}

/** Throws `InvalidOption` or `SchemaMissing`. */
export function checkSource({ source, time, timeZone, schema }: CaptureSpec, { table, timeType, hasLog }: CaptureFacts): void {
  if (table === null) throw refused(`there is no table ${source}. Create it first, or name it as name or schema.name.`)
  if (table.kind !== 'r' && table.kind !== 'p') throw refused(`${source} ${INSTEAD[table.kind] ?? 'is no table.'}`)
  if (table.root !== null) {
    throw refused(
      `${source} is a partition, and statements on ${table.root} would not be seen. Capture ${table.root}, with leaves: true if statements name its partitions.`,
    )
  }
  if (timeType === null) throw refused(`table ${source} has no column "${time}". Give the column of its instants.`)
  const isLocal = timeType === 'timestamp without time zone'
  if (!isLocal && timeType !== 'timestamp with time zone') {
    throw refused(`column "${time}" of ${source} is ${timeType}. Windows need instants: give a column of type timestamptz.`)
  }
  if (isLocal && timeZone === null) {
    throw refused(`column "${time}" of ${source} has no zone. Say which one its values are meant in: timeZone: 'UTC'.`)
  }
  if (!isLocal && timeZone !== null) {
    throw refused(`column "${time}" of ${source} is timestamptz and needs no timeZone. Leave it out; the zone of windows is the rollup's.`)
  }
  if (!hasLog) {
    throw new QuarterjackError(
      'SchemaMissing',
      `captureChanges: schema "${schema}" has no log of marks. Open the store once first, or give its schema.`,
    )
  }
}

function refused(why: string): QuarterjackError {
  return new QuarterjackError('InvalidOption', `captureChanges: ${why}`)
}
