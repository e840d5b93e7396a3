/** One deadline for many calls: they all wait equally long, so one timer and the order in which they came will do. */
import { monotonic } from './timers.ts'

/** An answer that did not come in time. It may still take effect. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'

  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
  }
}

/** Bounds calls. */
export interface Deadlines {
  /** The answer of `asked`, or {@link NoAnswer}; what arrives later is forgotten. Keeps the process alive: somebody awaits it. */
  within<T>(asked: Promise<T>): Promise<T>
}

interface Waiting {
  readonly endsAt: number
  readonly reject: (error: Error) => void
}

export function createDeadlines(ms: number): Deadlines {
  /** In the order in which they end. */
  const waiting = new Set<Waiting>()
  let timer: NodeJS.Timeout | null = null

  const look = (): void => {
    timer = null
    const now = monotonic()
    for (const one of waiting) {
      if (one.endsAt > now) {
        timer = setTimeout(look, one.endsAt - now)
        return
      }
      waiting.delete(one)
      one.reject(new NoAnswer(ms))
    }
  }

  const begin = (one: Waiting): void => {
    waiting.add(one)
    if (timer === null) timer = setTimeout(look, ms)
    else if (waiting.size === 1) timer.ref()
  }

  /** The timer stays for the next call, and keeps nobody alive meanwhile. */
  const end = (one: Waiting): void => {
    if (waiting.delete(one) && waiting.size === 0) timer?.unref()
  }

  return {
    within: (asked) =>
      new Promise((resolve, reject) => {
        const one = { endsAt: monotonic() + ms, reject }
        begin(one)
        asked.then(
          (value) => {
            end(one)
            resolve(value)
          },
          (error: unknown) => {
            end(one)
            reject(error)
          },
        )
      }),
  }
}
