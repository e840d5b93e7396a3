/** The log lines that operators of the old container know, to the letter, and a writer that stamps them. */
import type { Logger } from '@quarterjack/core'
import type { Config } from './config.ts'

export type Level = 'INFO' | 'WARNING' | 'ERROR'

/** Writes stamped lines. */
export interface LineLog {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** Lines as `2025-11-20 14:00:00 [INFO] …`, stamped in UTC with `now` (epoch ms). */
export function createLineLog(write: (line: string) => void, now: () => number): LineLog {
  const writer =
    (level: Level) =>
    (message: string): void =>
      write(`${formatInstant(now())} [${level}] ${message}`)
  return { info: writer('INFO'), warn: writer('WARNING'), error: writer('ERROR') }
}

/** The scheduler's own warnings and errors in the same form. What it reports of single runs is left out: `report-runs.ts` says that. */
export function toSchedulerLogger(log: LineLog): Logger {
  const ignore = (): void => {}
  return {
    debug: ignore,
    info: ignore,
    warn: (fields, message) => ('runId' in fields ? undefined : log.warn(withCause(fields, message))),
    error: (fields, message) => ('runId' in fields ? undefined : log.error(withCause(fields, message))),
  }
}

/** What the service says when it starts. */
export function startLines({ apiUrl, everyMs }: Pick<Config, 'apiUrl' | 'everyMs'>): readonly string[] {
  return ['🚀 Agent Feedback Aggregator starting', `   API URL: ${apiUrl}`, `   Interval: Every ${everyMs / 3_600_000} hour(s)`]
}

export const initialRunLine = '⏰ Running initial aggregation...'

export function callLine(apiUrl: string): string {
  return `🔄 Calling ${apiUrl}`
}

export function successLines(response: unknown): readonly string[] {
  return ['✅ Aggregation completed successfully', `   Response: ${JSON.stringify(response)}`]
}

export function skipLine(reason: string): string {
  return `⏭️ Aggregation skipped: ${reason.replace(/^handler: /, '')}`
}

export function retryLine(attempt: number, problem: string, retryAt: number): string {
  return `⚠️ Attempt ${attempt} failed: ${problem}; the next one is at ${formatInstant(retryAt)}`
}

export function failureLine(problem: string): string {
  return `❌ Aggregation failed: ${problem}`
}

export function nextRunLine(slot: Date): string {
  return `⏰ Next run scheduled for ${formatInstant(slot.getTime())}`
}

/** `2025-11-20 14:00:00`, UTC. */
export function formatInstant(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

function withCause(fields: object, message = ''): string {
  const cause = 'err' in fields && fields.err instanceof Error ? fields.err.message : ''
  return message.includes(cause) ? message : `${message}: ${cause}`
}
