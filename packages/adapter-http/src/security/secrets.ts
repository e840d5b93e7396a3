/** Secrets as users give them: one, several while one replaces another, or a function that is asked at each request. */

type Given = string | readonly string[]

/** One secret or several, or where to get them. Blank ones (a variable that is not set) open nothing. */
export type Secrets = Given | (() => Given | Promise<Given>)

/** What the secrets are right now, blank ones left out. */
export async function currentSecrets(secrets: Secrets): Promise<readonly string[]> {
  const given = typeof secrets === 'function' ? await secrets() : secrets
  const list = typeof given === 'string' ? [given] : given
  return list.filter((secret) => typeof secret === 'string' && secret.trim() !== '')
}

/** Why a value is no secret; null when it is. */
export function secretsProblem(value: unknown): string | null {
  if (typeof value === 'function') return null
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0) return 'the list is empty; put a secret into it'
  return list.every((one) => typeof one === 'string' && one.trim() !== '')
    ? null
    : 'must be a text that is not blank, a list of such, or a function that answers with them'
}
