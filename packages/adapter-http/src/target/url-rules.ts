/** Which addresses a target may call, and how they are shown. Pure. */

/** What is wrong with an address, in words without what may be a secret; null when nothing is. */
export function urlProblem(value: unknown): string | null {
  if (typeof value !== 'string' && !(value instanceof URL)) return 'use a text, a URL or a function of ctx'
  const url = URL.parse(String(value))
  if (url === null) return `"${masked(String(value))}" is no absolute address. Write one such as "https://example.com/path"`
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `"${masked(String(value))}" does not begin with http:// or https://`
  if (url.username !== '' || url.password !== '') return 'holds credentials. Put them into auth: { basic: { username, password } }'
  return null
}

/** The address as messages show it: never with its query, its fragment or credentials. */
export function shownUrl(url: URL, isPathShown: boolean): string {
  return isPathShown ? url.origin + url.pathname : url.origin
}

function masked(text: string): string {
  const shown = text.replace(/[?#].*$/s, '?…').replace(/\/\/[^/@]*@/, '//…@')
  return shown.length > 100 ? `${shown.slice(0, 100)}…` : shown
}
