/** The time of one call: what ends it, and what it was waiting for. */
import { HttpError } from './http-error.ts'

/** What a call is busy with, as the message of a timeout says it. */
export type CallPhase = 'preparing the request' | 'connecting' | 'sending the request' | 'waiting for the answer' | 'reading the answer'

/** One call, until it is closed. */
export interface Call {
  /** Aborts with the run's signal, and after the timeout. */
  readonly signal: AbortSignal
  phase: CallPhase
  /** The promise, or the reason of the signal as soon as that aborts. */
  bound<T>(work: Promise<T>): Promise<T>
  close(): void
}

/** `timeoutMs` null: the run's signal alone ends it. `name` says how messages show the call. */
export function openCall(runSignal: AbortSignal, timeoutMs: number | null, name: () => string): Call {
  const controller = new AbortController()
  const follow = (): void => controller.abort(runSignal.reason)
  if (runSignal.aborted) follow()
  runSignal.addEventListener('abort', follow, { once: true })
  const call: Call = {
    signal: controller.signal,
    phase: 'preparing the request',
    bound: (work) => boundBy(controller.signal, work),
    close() {
      clearTimeout(timer)
      runSignal.removeEventListener('abort', follow)
    },
  }
  const timer = timeoutMs === null ? undefined : setTimeout(() => controller.abort(timedOut(name(), timeoutMs, call.phase)), timeoutMs)
  return call
}

function timedOut(name: string, timeoutMs: number, phase: CallPhase): HttpError {
  const message = `${name} did not end within its timeout of ${timeoutMs} ms; it was ${phase}. Give the target a longer timeout, or let the endpoint answer sooner.`
  return new HttpError('HttpTimedOut', message, { retryable: true })
}

function boundBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
