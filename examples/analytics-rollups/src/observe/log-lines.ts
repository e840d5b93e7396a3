/** Log lines as `slog` writes them, with the words of the old scheduler to the letter. */
import type { Logger } from '@quarterjack/core'

export type Level = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'
export type Fields = Readonly<Record<string, string | number | boolean | null>>

export interface LineLog {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** A line without a level, as Go's plain log writes them. */
  print(message: string): void
}

export const STARTED = 'rollup scheduler started'
export const STARTING = 'starting calculation stats rollup'
export const COMPLETED = 'rollup completed successfully'
export const SCHEDULED = 'debounced rollup scheduled'
export const DEBOUNCED = 'debounced rollup completed'
export const FAILED_FOR = 'rollup failed for'
export const RUNNING_ALREADY = 'rollup already running, skipping immediate trigger'
export const STOPPING = 'stopping rollup scheduler...'
export const STOPPED = 'rollup scheduler stopped'

export interface LineLogOptions {
  readonly write: (line: string) => void
  readonly now: () => number
  readonly isVerbose: boolean
}

/** Lines as `2025/12/28 13:39:16 INFO rollup completed successfully duration_ms=5 dates_processed=2`, in UTC. */
export function createLineLog({ write, now, isVerbose }: LineLogOptions): LineLog {
  const print = (message: string): void => {
    const stamp = new Date(now()).toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', '/')
    write(`${stamp} ${message}`)
  }
  const writer =
    (level: Level) =>
    (message: string, fields: Fields = {}): void =>
      print([level, message, ...Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`)].join(' '))
  return { debug: isVerbose ? writer('DEBUG') : () => {}, info: writer('INFO'), warn: writer('WARN'), error: writer('ERROR'), print }
}

/** The library's own warnings and errors among them. */
export function toSchedulerLogger(log: LineLog): Logger {
  const fieldsOf = (fields: object): Fields => {
    const plain = Object.entries(fields).flatMap(([name, value]): [string, string | number | boolean][] => {
      if (value instanceof Error) return [[name, value.message]]
      return ['string', 'number', 'boolean'].includes(typeof value) ? [[name, value as string]] : []
    })
    return Object.fromEntries(plain)
  }
  return {
    debug: () => {},
    info: () => {},
    warn: (fields, message = '') => log.warn(message, fieldsOf(fields)),
    error: (fields, message = '') => log.error(message, fieldsOf(fields)),
  }
}

function shown(value: Fields[string]): string {
  if (typeof value !== 'string') return String(value)
  return /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value)
}
