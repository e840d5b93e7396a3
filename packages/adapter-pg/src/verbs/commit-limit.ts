/** When a transaction that the user shares is cut short. */
import { after } from '../client/timers.ts'

/** The limit of one transaction. */
export interface CommitLimit {
  /** Aborts with the signal it was made from, or when the time is over. */
  readonly signal: AbortSignal
  /** The time is over after `ms`. */
  end(ms: number, error: () => Error): void
  clear(): void
}

export function createLimit(signal?: AbortSignal): CommitLimit {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(signal?.reason)
  let cancel: (() => void) | null = null
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    end(ms, error) {
      cancel = after(ms, () => controller.abort(error()))
    },
    clear() {
      cancel?.()
      signal?.removeEventListener('abort', onAbort)
    },
  }
}
