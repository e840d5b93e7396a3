/** The default loggers: one line per record, as text for people or JSON for machines. */
import { checkNames } from '../errors/check-call.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import type { Logger } from './logger.ts'
import { toPlainValue } from './plain-value.ts'

/** From the most talkative to the quietest. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** A logger whose children carry bindings. */
export interface LoggerWithChildren extends Logger {
  child(bindings: Record<string, unknown>): LoggerWithChildren
}

/** Options of {@link consoleLogger}. */
export interface ConsoleLoggerOptions {
  readonly format: 'text' | 'json'
  /** Records below it are dropped. Default `'warn'`. */
  readonly level?: LogLevel
  /** Gets each line without its newline. Default: standard error, so that standard output stays free for data. */
  readonly write?: (line: string) => void
  /** Stamps the records. Default: the process's clock. */
  readonly clock?: Clock
}

const RESERVED: ReadonlySet<string> = new Set(['level', 'time', 'msg'])

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 }

/**
 * A console logger. Errors are written with name, message, code, stack and cause; cycles, BigInt and getters that throw do no harm.
 * Its methods never throw, and need no `this`.
 */
export function consoleLogger(options: ConsoleLoggerOptions): LoggerWithChildren {
  checkNames(options, ['format', 'level', 'write', 'clock'], 'consoleLogger')
  return bind(options, {})
}

function bind(options: ConsoleLoggerOptions, bindings: Record<string, unknown>): LoggerWithChildren {
  const { format, level = 'warn', write = writeToStandardError, clock = systemClock } = options
  const method = (at: LogLevel): Logger['info'] => {
    if (RANK[at] < RANK[level]) return () => {}
    return (fields, message) => {
      try {
        const record = toRecord(fields, message)
        const time = new Date(clock.now()).toISOString()
        const plain = toPlainValue({ ...bindings, ...record.fields }) as Record<string, unknown>
        write(format === 'json' ? jsonLine(at, time, record.message, plain) : textLine(at, time, record.message, plain))
      } catch {
        // A logger must never hurt whoever logs.
      }
    }
  }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (more) => bind(options, { ...bindings, ...more }),
  }
}

/** Takes pino's other call forms too: a lone message, an error instead of fields. */
function toRecord(fields: unknown, message: string | undefined): { readonly fields: object; readonly message: string | undefined } {
  if (fields instanceof Error) return { fields: { error: fields }, message: message ?? fields.message }
  if (typeof fields === 'object' && fields !== null) return { fields, message }
  return { fields: {}, message: message ?? (fields === undefined ? undefined : String(fields)) }
}

function jsonLine(level: LogLevel, time: string, message: string | undefined, fields: Record<string, unknown>): string {
  const line: [string, unknown][] = [
    ['level', level],
    ['time', time],
    ...Object.entries(fields).map(([key, value]): [string, unknown] => [RESERVED.has(key) ? `${key}_` : key, value]),
  ]
  if (message !== undefined) line.push(['msg', String(message)])
  return JSON.stringify(Object.fromEntries(line))
}

function textLine(level: LogLevel, time: string, message: string | undefined, fields: Record<string, unknown>): string {
  const stacks: string[] = []
  const words = [time, level.toUpperCase().padEnd(5)]
  if (message !== undefined) words.push(escapeControls(String(message)))
  for (const [key, value] of Object.entries(fields)) words.push(`${textValue(key)}=${textField(value, stacks)}`)
  return [words.join(' '), ...stacks].join('\n')
}

/** An error stands in the line by name and message; its stack follows below, indented. */
function textField(value: unknown, stacks: string[]): string {
  if (typeof value !== 'object' || value === null) return textValue(String(value))
  const { name, message, stack } = value as Record<string, unknown>
  if (typeof name !== 'string' || typeof message !== 'string') return textValue(JSON.stringify(value))
  if (typeof stack === 'string') stacks.push(...stack.split('\n').map((line) => `    ${escapeControls(line.trimStart())}`))
  return textValue(`${name}: ${message}`)
}

function textValue(text: string): string {
  return /^[\w.:/@#+-]+$/.test(text) ? text : escapeControls(JSON.stringify(text))
}

/** Neither a line break nor a terminal sequence from a payload may forge a line. */
function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function writeToStandardError(line: string): void {
  // console.error, unlike the stream, survives a closed pipe.
  console.error(line)
}
