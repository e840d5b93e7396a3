/** Names in SQL. */

/** An identifier as SQL reads it, upper case and all. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
