/** How much of a table housekeeping looks at in one call. */

/** About 100 rows each. */
const MOST_PAGES = 100

/** An expression: the percentage of the table that its first, or any other, {@link MOST_PAGES} pages are; for `tablesample system`. */
export function sampledShare(table: string): string {
  return `least(100, 100.0 * ${MOST_PAGES} * current_setting('block_size')::int / greatest(1, pg_relation_size('${table}'::regclass)))`
}
