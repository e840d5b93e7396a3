/** Columns that a run takes along into history, in the order of {@link HISTORY_COLUMNS}. */

/** Of `history`, but `state`, `finished_at`, `reason`, `result`, which its end decides. */
export const CARRIED_COLUMNS = [
  'id',
  'sequence',
  'job_id',
  'key',
  'trigger',
  'schedule_id',
  'schedule',
  'slot',
  'payload',
  'merging',
  'priority',
  'run_at',
  'created_at',
  'started_at',
  'overlap',
  'gates',
  'attempt',
  'failures',
  'crashes',
  'suspect',
  'fence',
  'triggers',
  'cancel_requested',
  'progress',
  'error',
  'attempts',
  'replay_of',
  'trace',
  'settled',
] as const

/** `id, sequence, …`: the target list of an insert that ends runs. */
export const HISTORY_COLUMNS: string = [...CARRIED_COLUMNS, 'state', 'finished_at', 'reason', 'result'].join(', ')

/** `r.id, r.sequence, …`: what is carried from rows of `runs` under that alias. */
export function carriedFrom(alias: string): string {
  return CARRIED_COLUMNS.map((column) => `${alias}.${column}`).join(', ')
}
