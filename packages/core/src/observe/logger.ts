/** Logging: any pino-shaped logger fits. */

/** What the library calls; pino's `(fields, message)` order. A `child` is used when there is one. */
export interface Logger {
  debug(fields: object, message?: string): void
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
  child?(bindings: Record<string, unknown>): Logger
}
