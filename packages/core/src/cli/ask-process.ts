/** Asks a running process for its health over HTTP: how a container's health check sees inside it. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { HealthSnapshot } from '../health/snapshot.ts'
import type { Clock } from '../time/clock.ts'

/** What came back. */
export interface ProcessAnswer {
  /** Without query and fragment, which may hold secrets. */
  readonly url: string
  /** `null` when nothing answered. */
  readonly httpStatus: number | null
  /** `null` when the body was not a health snapshot. */
  readonly snapshot: HealthSnapshot | null
  /** Why there is no good answer. */
  readonly error: string | null
}

/** Options of {@link askProcess}. */
export interface AskOptions {
  readonly url: string
  /** Permits hosts other than this machine. */
  readonly allowRemote: boolean
  readonly timeoutMs: number
  readonly clock: Clock
}

const MAX_BODY_BYTES = 4 * 1024 * 1024

/** Never throws for what the other side does; `InvalidOption` when the URL itself is refused. */
export async function askProcess({ url, allowRemote, timeoutMs, clock }: AskOptions): Promise<ProcessAnswer> {
  const target = checkUrl(url, allowRemote)
  const shown = `${target.origin}${target.pathname}`
  const deadline = new AbortController()
  const timer = clock.setTimer(() => deadline.abort(new Error(`no answer within ${timeoutMs / 1_000} s`)), timeoutMs)
  try {
    // A redirect could lead off this machine.
    const response = await fetch(target, { redirect: 'manual', signal: deadline.signal, headers: { accept: 'application/json' } })
    const snapshot = readSnapshot(await readBody(response))
    return { url: shown, httpStatus: response.status, snapshot, error: response.ok ? null : `answered ${response.status}` }
  } catch (error) {
    return { url: shown, httpStatus: null, snapshot: null, error: reasonOf(deadline.signal.aborted ? deadline.signal.reason : error) }
  } finally {
    clock.clearTimer(timer)
    deadline.abort()
  }
}

/** True for `localhost`, 127.0.0.0/8 and ::1, in every spelling that a URL can give them. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, '')
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host) || /^::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}$/.test(host)
}

function checkUrl(text: string, allowRemote: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new QuarterjackError('InvalidOption', '--url: not an http or https address. Give one such as http://127.0.0.1:3000/health.')
  }
  if (url.username !== '' || url.password !== '') {
    throw new QuarterjackError(
      'InvalidOption',
      '--url: names and passwords in the address are refused. Serve the health status without them on loopback.',
    )
  }
  if (!allowRemote && !isLoopback(url.hostname)) {
    throw new QuarterjackError(
      'InvalidOption',
      `--url: ${url.hostname} is not this machine. Use 127.0.0.1, [::1] or localhost, or add --allow-remote if asking another host is meant.`,
    )
  }
  return url
}

async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) throw new Error(`the answer is longer than ${MAX_BODY_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

function readSnapshot(text: string): HealthSnapshot | null {
  try {
    const value: unknown = JSON.parse(text)
    return isSnapshot(value) ? value : null
  } catch {
    return null
  }
}

// As much of the shape as printing it relies on.
function isSnapshot(value: unknown): value is HealthSnapshot {
  if (!isRecord(value) || value.version !== 1 || typeof value.status !== 'string') return false
  const { store, jobs, why, stuck } = value
  if (!isRecord(store) || !isRecord(store.latencyMs) || !Array.isArray(why) || !Array.isArray(stuck) || !Array.isArray(jobs)) return false
  return jobs.every((job) => isRecord(job) && typeof job.job === 'string' && typeof job.status === 'string' && Array.isArray(job.why))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

// fetch hides what went wrong in the cause.
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ')
  return cause instanceof Error ? cause.message : error.message
}
