/** What a curl or wget command asks for, while it is read and after. */
import type { Flag } from './read-flags.ts'

/** A request as a command describes it; texts are templates. */
export interface CommandRequest {
  url: string
  method: string | null
  readonly headers: Map<string, string>
  /** Parts of the body, to be joined by `&`. */
  readonly data: string[]
  /** Those parts belong into the query. */
  isDataQuery: boolean
  isJson: boolean
  username: string | null
  password: string | null
  timeoutMs: number | null
  retries: number | null
  followsRedirects: boolean
  /** Whether answers such as 500 made the command fail. */
  failsOnStatus: boolean
  /** What its `flock` did with a second one; null without one. */
  overlap: 'skip' | 'queue' | null
  /** The file of that lock. */
  lock: string | null
  /** What is done another way here, in sentences. */
  readonly notes: string[]
}

export function emptyRequest(): CommandRequest {
  return {
    url: '',
    method: null,
    headers: new Map(),
    data: [],
    isDataQuery: false,
    isJson: false,
    username: null,
    password: null,
    timeoutMs: null,
    retries: null,
    followsRedirects: false,
    failsOnStatus: true,
    overlap: null,
    lock: null,
    notes: [],
  }
}

type Apply = (value: string) => string | undefined

/** A flag with a value. */
export function valued(apply: Apply): Flag {
  return { takesValue: true, apply }
}

/** A flag without one. */
export function bare(apply: () => string | undefined): Flag {
  return { takesValue: false, apply }
}

/** Flags that change nothing about the request. */
export const IGNORED_BARE: Flag = bare(() => undefined)
export const IGNORED_VALUED: Flag = valued(() => undefined)

/** `Name: value`. */
export function takeHeader(request: CommandRequest, line: string): string | undefined {
  if (line.startsWith('@')) return 'headers from a file are not read'
  const colon = line.indexOf(':')
  if (colon <= 0) return 'a header is written "Name: value"'
  request.headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  return undefined
}

/** `name:password`. */
export function takeUser(request: CommandRequest, pair: string): string | undefined {
  const colon = pair.indexOf(':')
  if (colon < 0) return 'write the user as "name:password"'
  request.username = pair.slice(0, colon)
  request.password = pair.slice(colon + 1)
  return undefined
}

/** Seconds as a number or with a unit, in milliseconds; null for what is none. */
export function secondsOf(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(s|m|h|d)?$/.exec(text)
  if (match === null) return null
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] ?? 's'] ?? 1_000
  return Math.round(Number(match[1]) * unit)
}

/** A time limit; 0 is none. */
export function takeTimeout(request: CommandRequest, text: string): string | undefined {
  const ms = secondsOf(text)
  if (ms === null) return 'is no time in seconds'
  if (ms > 0) request.timeoutMs = ms
  return undefined
}

/** `attempts` or retries: `less` is what they count more. */
export function takeRetries(request: CommandRequest, text: string, less: number): string | undefined {
  if (!/^\d+$/.test(text)) return 'is no number'
  request.retries = Math.min(100, Math.max(0, Number(text) - less))
  return undefined
}
