/** Whether what is captured is of use to anybody: triggers may be left of a rollup that was retired. */
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'
import type { CaptureId } from './capture-sql.ts'
import type { CaptureCheck } from './judge-capture.ts'
import type { CaptureFacts } from './read-capture.ts'

/** Marks beyond are not counted. */
const MOST_COUNTED = 10_000

/** Nothing where there is no log, or no capture. */
export async function checkReaders(connection: Connection, id: CaptureId, facts: CaptureFacts): Promise<readonly CaptureCheck[]> {
  if (!facts.hasLog || facts.note === null) return []
  const schema = quoteName(id.schema)
  const [row] = await connection.query(
    `select exists (select from ${schema}.mark_sources s where s.name = $1)::text as is_read,
      (select count(*) from (select from ${schema}.marks m where m.source = $1 and m.parked_until is null limit ${MOST_COUNTED}) m)::text as waiting`,
    [id.source],
  )
  const waiting = Number(row?.[1] ?? 0)
  if (row?.[0] === 'true') return [{ name: 'readers', status: 'ok', detail: `rollups read ${id.source}`, remedy: null }]
  const marks = `${waiting >= MOST_COUNTED ? `${MOST_COUNTED} or more` : waiting} marks`
  return [
    {
      name: 'readers',
      status: 'warn',
      detail: `no rollup reads ${id.source}: ${marks} wait, each is kept for a day`,
      remedy: 'If its rollup was retired, take the triggers away with removeCapture; if it is to come, start it.',
    },
  ]
}
