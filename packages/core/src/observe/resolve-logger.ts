/** From the `logger` option to a logger that cannot hurt the engine. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Clock } from '../time/clock.ts'
import { consoleLogger, type LoggerWithChildren } from './console-logger.ts'
import type { Logger } from './logger.ts'

/** What the scheduler's `logger` option takes. */
export type LoggerOption = Logger | 'text' | 'json' | false

/** A logger whose failures are swallowed, and how many there were, children included. */
export interface ResolvedLogger {
  readonly logger: LoggerWithChildren
  failures(): number
}

/**
 * `'text'` and `'json'` give the console loggers at level `warn`, `false` a silent one. A given logger is used as it is:
 * what it throws, and what its promises reject with, is swallowed and counted. One without `child` gets the bindings as fields.
 * Throws `InvalidOption` for anything else.
 */
export function resolveLogger(option: LoggerOption = 'text', clock?: Clock): ResolvedLogger {
  let failed = 0
  const guard = safely(() => {
    failed += 1
  })
  return { logger: wrap(toLogger(option, clock), {}, guard), failures: () => failed }
}

const METHODS = ['debug', 'info', 'warn', 'error'] as const

function toLogger(option: LoggerOption, clock: Clock | undefined): Logger {
  if (option === false) return { debug() {}, info() {}, warn() {}, error() {} }
  if (option === 'text' || option === 'json') return consoleLogger({ format: option, ...(clock === undefined ? {} : { clock }) })
  const missing = METHODS.filter((name) => typeof (option as Partial<Logger> | null)?.[name] !== 'function')
  if (missing.length === 0) return option
  throw new QuarterjackError(
    'InvalidOption',
    `logger: expected 'text', 'json', false or an object with the methods debug, info, warn and error (pino fits as it is); ${
      typeof option === 'object' && option !== null ? `it lacks ${missing.join(', ')}` : `this is ${shown(option)}`
    }.`,
  )
}

type Guard = (call: () => unknown) => void

function safely(onFailure: () => void): Guard {
  return (call) => {
    try {
      const result = call()
      if (typeof result === 'object' && result !== null && 'then' in result) Promise.resolve(result).catch(onFailure)
    } catch {
      onFailure()
    }
  }
}

/** `extra` are bindings that `target` could not take itself. */
function wrap(target: Logger, extra: Record<string, unknown>, guard: Guard): LoggerWithChildren {
  const bare = Object.keys(extra).length === 0
  const method =
    (name: (typeof METHODS)[number]): Logger['info'] =>
    (fields, message) =>
      guard(() => {
        const all = bare ? fields : { ...extra, ...(fields instanceof Error ? { err: fields } : fields) }
        // Some loggers count their arguments; an absent message must stay absent.
        return message === undefined ? target[name](all) : target[name](all, message)
      })
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child(bindings) {
      let child: Logger | undefined
      guard(() => {
        child = target.child?.(bindings)
      })
      return child === undefined ? wrap(target, { ...extra, ...bindings }, guard) : wrap(child, extra, guard)
    },
  }
}
