/** A logger that keeps what it is told. */
import type { Logger } from '../../src/observe/logger.ts'

export function recordLogs(): { readonly logger: Logger; warnings(): readonly string[] } {
  const warned: string[] = []
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (_fields, message) => void warned.push(message ?? ''),
    error() {},
  }
  return { logger, warnings: () => warned }
}
