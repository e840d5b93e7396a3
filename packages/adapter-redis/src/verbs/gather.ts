/** Calls that come while others are under way go together with the next: one round trip, and one script, for many callers. */

/** What one call carries at most: its lists go to commands as arguments. */
const MOST = 128

/** So many are worth two calls: while the server does one, this process does the other. */
const MANY = 32

/** Calls under way at once. */
const MOST_CALLS = 2

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** `send` answers in the order of its items. Who asks in the same turn goes together; for others nobody waits. */
export function createGatherer<Item, Answer>(
  send: (items: readonly Item[]) => Promise<readonly Answer[]>,
): (item: Item) => Promise<Answer> {
  let queue: Waiting<Item, Answer>[] = []
  let calls = 0
  let isPlanned = false

  const flush = (): void => {
    isPlanned = false
    if (queue.length === 0 || !(calls === 0 || (calls < MOST_CALLS && queue.length >= MANY / 2))) return
    const size = queue.length < MANY ? queue.length : Math.min(MOST, Math.ceil(queue.length / (MOST_CALLS - calls)))
    const lot = queue.slice(0, size)
    queue = queue.slice(size)
    calls++
    void sendLot(lot)
    // What goes out in one piece is answered in one piece, and then nothing is done side by side: the rest goes when this is on its way.
    if (queue.length > 0 && calls < MOST_CALLS) plan(setImmediate)
  }

  const sendLot = async (lot: readonly Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await send(lot.map(({ item }) => item))
      lot.forEach(({ resolve }, index) => resolve(answers[index] as Answer))
    } catch (error) {
      for (const { reject } of lot) reject(error)
    }
    calls--
    plan(process.nextTick)
  }

  /** What those who were just answered ask for next goes along. */
  const plan = (soon: (work: () => void) => unknown): void => {
    if (isPlanned) return
    isPlanned = true
    soon(flush)
  }

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject })
      if (calls < MOST_CALLS) plan(process.nextTick)
    })
}
