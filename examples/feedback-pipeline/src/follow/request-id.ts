/** The id by which one item is followed: from its request through clustering to the fix, in logs, traces and the audit trail. */
import { randomUUID } from 'node:crypto'

/** The caller's `X-Request-Id`, if it can do no harm in a log; else a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get('x-request-id') ?? ''
  return /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID()
}

/** The most that a line, a span or a row of the audit trail carries. */
export const MOST_REQUEST_IDS = 50

/** Each once, in the order in which they came, as many as can be carried. */
export function gatherRequestIds(ids: Iterable<string>): readonly string[] {
  return [...new Set(ids)].slice(0, MOST_REQUEST_IDS)
}
