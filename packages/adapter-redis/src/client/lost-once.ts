/** A subscription that ends once, whoever is first: the connection, or whoever asked for it. */
import { LONGEST_SUBSCRIBE_MS } from './limits.ts'
import type { ChannelListener } from './redis-client.ts'
import { after } from './timers.ts'

/** The end of one subscription. */
export interface LostOnce {
  /** The connection is gone. Fails {@link begin} while that is under way; later the listener hears of it. */
  lose(error: unknown): void
  /** Does what makes the subscription, within its time. */
  begin(work: () => Promise<unknown>): Promise<void>
  /** Frees the connection, once. Nobody is told any more. */
  end(): Promise<void>
}

export function createLostOnce(listener: Pick<ChannelListener, 'onLost'>, free: () => unknown): LostOnce {
  const { promise: lost, reject: tellBeginner } = Promise.withResolvers<never>()
  // Heard by `begin`, if it is still there.
  lost.catch(() => undefined)
  let state: 'beginning' | 'on' | 'over' = 'beginning'

  const lose = (error: unknown): void => {
    if (state === 'over') return
    const wasOn = state === 'on'
    state = 'over'
    if (wasOn) listener.onLost(error)
    else tellBeginner(error)
  }

  let freed: Promise<void> | null = null
  const end = (): Promise<void> => {
    state = 'over'
    freed ??= (async () => void (await free()))().catch(() => undefined)
    return freed
  }

  return {
    lose,
    async begin(work) {
      const cancel = after(LONGEST_SUBSCRIBE_MS, () => lose(new Error(`no subscription within ${LONGEST_SUBSCRIBE_MS} ms`)))
      const made = work()
      // What fails after it was given up has been told.
      made.catch(() => undefined)
      await Promise.race([made, lost]).finally(cancel)
      // Lost in the very moment in which it was made.
      if (state === 'over') await lost
      state = 'on'
    },
    end,
  }
}
