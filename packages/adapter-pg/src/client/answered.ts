/** What an error says about the connection that it came by. */

/** The server itself said no, and the connection can be used again. `pg` and postgres.js show it alike. */
export function isAnswered(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown }
  return typeof code === 'string' && severity !== undefined && severity !== 'FATAL' && severity !== 'PANIC'
}
