/** Triggers that nobody asks about any more: of tables that no rollup reads. Their marks are made and thrown away. */
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'
import type { CaptureCheck } from './judge-capture.ts'
import { readNote } from './read-capture.ts'

/** Captures that are looked at. */
const MOST = 1_000

/** `but`: a source that is examined by itself. The store's log must be there. */
export async function checkStrays(connection: Connection, schema: string, but: string): Promise<readonly CaptureCheck[]> {
  const [row] = await connection.query(
    `select json_build_object(
      'notes', (
        select coalesce(json_agg(obj_description(f.oid, 'pg_proc')), '[]')
        from (
          select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where n.nspname = $1 and p.proname ~ '^quarterjack_[0-9a-f]{12}$' and exists (select from pg_trigger t where t.tgfoid = p.oid)
          order by p.proname limit ${MOST}
        ) f
      ),
      'read', (select coalesce(json_agg(s.name), '[]') from ${quoteName(schema)}.mark_sources s)
    )::text as found`,
    [schema],
  )
  const { notes, read } = JSON.parse(row?.[0] ?? '{"notes":[],"read":[]}') as Found
  const known = new Set([...read, but])
  return notes.flatMap((text) => {
    const { source, time } = readNote(text ?? '{}')
    return source === undefined || time === undefined || known.has(source) ? [] : [stray(source, time)]
  })
}

interface Found {
  readonly notes: readonly (string | null)[]
  readonly read: readonly string[]
}

function stray(source: string, time: string): CaptureCheck {
  return {
    name: 'strays',
    status: 'warn',
    detail: `${source} is captured, and no rollup reads it: each of its statements makes a mark that is thrown away`,
    remedy: `If its rollup was retired, call removeCapture for source "${source}" and time "${time}"; if it is to come, start it.`,
  }
}
