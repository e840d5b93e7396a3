/** Log lines of requests: each with the request's id, none with a query, a header or a body. */
import { consoleLogger, type Logger } from '@quarterjack/core'

export type LoggerOption = Logger | 'text' | 'json' | false

/** The logger, whose failures hurt no request. */
export function resolveLogger(option: LoggerOption): Logger {
  if (option === false) return SILENT
  return guarded(typeof option === 'string' ? consoleLogger({ format: option }) : option, {})
}

/** A logger whose lines all carry `fields`. */
export function withFields(logger: Logger, fields: Readonly<Record<string, unknown>>): Logger {
  return guarded(logger, fields)
}

const quiet = (): void => undefined
const SILENT: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }

function guarded(target: Logger, extra: Readonly<Record<string, unknown>>): Logger {
  const method =
    (name: 'debug' | 'info' | 'warn' | 'error'): Logger['info'] =>
    (fields, message) => {
      try {
        target[name]({ ...extra, ...fields }, message)
      } catch {
        // A logger must never hurt whoever logs.
      }
    }
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') }
}
