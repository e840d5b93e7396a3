/** The known name that a mistyped one most likely meant. */

/** The nearest of `names` within a third of its length in edits, or `null`. */
export function closestName(typed: string, names: readonly string[]): string | null {
  if (typed.length > LONGEST) return null
  let best: string | null = null
  let bestEdits = Number.POSITIVE_INFINITY
  for (const name of names) {
    const edits = editDistance(typed.toLowerCase(), name.toLowerCase())
    if (edits < bestEdits) {
      best = name
      bestEdits = edits
    }
  }
  return best !== null && bestEdits <= Math.max(1, Math.ceil(best.length / 3)) ? best : null
}

/** What is longer than any name was not mistyped. */
const LONGEST = 200

// Levenshtein over two rows.
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
