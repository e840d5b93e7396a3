/** The id by which a request is found in the logs of both sides. */
import { randomUUID } from 'node:crypto'

// Nothing that could end a line of a log, or a header.
const USABLE = /^[\w.:-]{1,128}$/

/** The client's own `X-Request-Id` where it is harmless, else a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get('x-request-id')
  return given !== null && USABLE.test(given) ? given : randomUUID()
}
