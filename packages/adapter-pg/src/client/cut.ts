/** Work that must not go on for longer than somebody allows. */
import { after } from './timers.ts'

/** Work that heeds the same signal ends by itself meanwhile, and leaves a connection that can be used again. */
const GRACE_MS = 250

/** What `asked` becomes; the signal's reason when that aborted, and `asked` did not end within a moment. */
export function untilCut<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel = after(GRACE_MS, () => reject(signal.reason as Error))
    }
    let cancel = (): void => signal.removeEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    void asked.then(resolve, reject).finally(() => cancel())
  })
}

/**
 * Has `transact` do `work` in a transaction, and waits until that is done; what is left is the commit, which cannot be cut.
 * Throws what `work` threw once it was taken back, or the signal's reason: then that goes on by itself.
 */
export async function untilDone<Transaction, T>(
  transact: (work: (tx: Transaction) => Promise<T>) => Promise<unknown>,
  work: (tx: Transaction) => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly committed: Promise<T> }> {
  const { promise: done, resolve: tellDone } = Promise.withResolvers<undefined>()
  const committed = transact(async (tx) => {
    // It may have waited for long.
    signal.throwIfAborted()
    const result = await untilCut(work(tx), signal)
    tellDone(undefined)
    return result
  }) as Promise<T>
  await untilCut(Promise.race([done, committed]), signal)
  return { committed }
}
