/** What is refused of any request before anything is looked up: sizes, and addresses that two readers would read differently. */
import { Problem } from '../problem/problem.ts'

const MOST_URL = 8_192

/** Throws {@link Problem}. Answers with the path as it was sent, percent-encoding and all. */
export function checkRequest(request: Request, maxHeaderBytes: number): string {
  if (request.url.length > MOST_URL) throw new Problem('UrlTooLong', `The address is longer than ${MOST_URL} characters.`)
  let bytes = 0
  for (const [name, value] of request.headers) bytes += name.length + value.length + 4
  if (bytes > maxHeaderBytes) throw new Problem('HeadersTooLarge', `The headers have more than ${maxHeaderBytes} bytes.`)
  const { pathname } = new URL(request.url)
  if (!isPlain(pathname)) throw new Problem('InvalidRequest', 'The path is not encoded as it should be.')
  return pathname
}

/** Percent-encoding that decodes, once, to text without control characters and backslashes. */
function isPlain(pathname: string): boolean {
  try {
    return !/[\p{Cc}\\]/u.test(decodeURIComponent(pathname))
  } catch {
    return false
  }
}
