/**
 * Settings of functions whose statements must use indexes. A session keeps its plans, and the tables grow under them: one
 * made for a few rows would scan millions until the next analyze, minutes later. Compiling a plan never pays here: a
 * statement takes milliseconds, compiling it hundreds.
 *
 * This does not keep a join from reading a whole index: rows of large tables are looked up by `= any (ids)`, or by a
 * subquery per row that `limit 1` keeps from becoming a join.
 */
export const BY_INDEX = 'set enable_seqscan = off set enable_bitmapscan = off set random_page_cost = 0.2 set jit = off'

/**
 * Of a list that is joined to a table, by a number of it that is never below 0: true of every row, and makes the planner
 * expect few. It then looks each up in the table; of a table that was nearly empty when it planned, it would otherwise
 * read all for each, for as long as the session keeps the plan.
 */
export const fewBy = (number: string): string => `${number} between 0 and 9223372036854775807`

/**
 * `column = value` for a value from another part of the statement, in a form that has one plan: each value is looked up in
 * the index of the column. An equation can be turned around: planned while its table was nearly empty, it would read the
 * whole of it and compare, for ever after.
 */
export function lookedUp(column: string, value: string): string {
  return `${column} = any (array[${value}])`
}
