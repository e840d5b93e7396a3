/** What a client answers to several statements at once. */

/** The rows of the last statement that gave any. `answer`: a result, or a list of them; a result has `rows`, or is the list of its rows. */
export function lastRows(answer: unknown): readonly unknown[] {
  return (
    resultsOf(answer)
      .map(rowsOf)
      .findLast((rows) => rows.length > 0) ?? []
  )
}

/** A result of postgres.js is a list, too, and knows its command. */
function resultsOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) && !('command' in answer) ? answer : [answer]
}

function rowsOf(result: unknown): readonly unknown[] {
  return Array.isArray(result) ? result : (result as { readonly rows: readonly unknown[] }).rows
}
