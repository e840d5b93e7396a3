/** Parameters as part of a statement's text, for where they cannot travel apart. */

/** Puts each text in place of its `$n`. The statement is ours, and holds no other `$` before a digit. */
export function inlineValues(sql: string, values: readonly string[]): string {
  return values.length === 0 ? sql : sql.replace(/\$(\d+)/g, (_, place: string) => literal(values[Number(place) - 1] ?? ''))
}

/** The form with E means the same whatever the server's standard_conforming_strings. */
function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
