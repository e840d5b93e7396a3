/** Which headers a target may set. Pure. */
import { validateHeaderName, validateHeaderValue } from 'node:http'

/** Of the connection, not of the call: a second opinion about them makes proxies and servers disagree. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What is wrong with a header, in words without its value; null when nothing is. */
export function headerProblem(name: string, value: unknown): string | null {
  try {
    validateHeaderName(name)
  } catch {
    return 'is no name of a header. Use letters, digits and "-"'
  }
  if (OF_THE_CONNECTION.has(name.toLowerCase())) return 'is set by Node itself. Leave it out'
  if (value === null || value === undefined) return null
  if (typeof value !== 'string' && typeof value !== 'number') return 'must be a text, a number, null or a function of ctx'
  try {
    validateHeaderValue(name, String(value))
    return null
  } catch {
    return 'has a value with a line break or another character that no header can carry. Encode or trim it'
  }
}
