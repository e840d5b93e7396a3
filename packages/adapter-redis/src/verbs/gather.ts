/** Calls that come while one is under way go together with the next: one round trip, and one script, for many callers. */

/** What one call carries at most: its lists go to commands as arguments. */
const MOST = 500

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** `send` answers in the order of its items. Who asks in the same turn goes together; for others nobody waits. */
export function createGatherer<Item, Answer>(
  send: (items: readonly Item[]) => Promise<readonly Answer[]>,
): (item: Item) => Promise<Answer> {
  const queue: Waiting<Item, Answer>[] = []
  let isSending = false

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.splice(0, MOST)
      try {
        const answers = await send(batch.map(({ item }) => item))
        batch.forEach(({ resolve }, index) => resolve(answers[index] as Answer))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isSending = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject })
      if (isSending) return
      isSending = true
      process.nextTick(() => void flush())
    })
}
