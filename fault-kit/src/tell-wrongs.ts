/** What is wrong, in a line. */

const MOST_TOLD = 5

/** How many there are, and the first of them; null for none. */
export function tellWrongs(what: string, found: readonly unknown[]): string | null {
  if (found.length === 0) return null
  return `${found.length} ${what}: ${found
    .slice(0, MOST_TOLD)
    .map((one) => JSON.stringify(one))
    .join(' ')}`
}
