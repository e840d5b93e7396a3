/** The one line of time of a simulation: events in order, each followed by all the work it caused. No real time. */

/** So many events at one instant are an endless loop. */
const MOST_AT_ONCE = 20_000

export interface TimelineEvent {
  readonly at: number
  readonly order: number
  run: (() => void) | null
}

export interface Timeline {
  /** Milliseconds since the simulation began; fractions occur. */
  readonly now: number
  /** How many events have happened. */
  readonly happened: number
  at(at: number, run: () => void): TimelineEvent
  after(ms: number, run: () => void): TimelineEvent
  cancel(event: TimelineEvent): void
  /** Runs `run` at this very instant, when all promises of the turn have resolved. */
  defer(run: () => void): void
  /** Moves time to `until`, or until `isOver` says so. */
  advance(until: number, isOver: () => boolean): Promise<void>
}

export function createTimeline(): Timeline {
  const heap: TimelineEvent[] = []
  let deferred: (() => void)[] = []
  let now = 0
  let order = 0
  let happened = 0
  let standing = 0

  /** One real macrotask: every promise that can resolve has resolved after it. */
  const settle = async (): Promise<void> => {
    for (;;) {
      await new Promise<void>((resolve) => void setImmediate(resolve))
      if (deferred.length === 0) return
      const ready = deferred
      deferred = []
      for (const run of ready) run()
    }
  }

  const at = (instant: number, run: () => void): TimelineEvent => {
    const event = { at: Math.max(instant, now), order: order++, run }
    push(heap, event)
    return event
  }

  return {
    get now() {
      return now
    },
    get happened() {
      return happened
    },
    at,
    after: (ms, run) => at(now + Math.max(0, ms), run),
    cancel(event) {
      event.run = null
    },
    defer: (run) => void deferred.push(run),
    async advance(until, isOver) {
      await settle()
      while (!isOver()) {
        const first = heap[0]
        if (first === undefined || first.at > until) break
        pop(heap)
        if (first.run === null) continue
        standing = first.at === now ? standing + 1 : 0
        if (standing > MOST_AT_ONCE) throw new Error(`time stands still at ${now} ms: ${standing} events at one instant`)
        now = first.at
        happened++
        first.run()
        await settle()
      }
      if (!isOver()) now = Math.max(now, until)
    },
  }
}

function isBefore(a: TimelineEvent, b: TimelineEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push(heap: TimelineEvent[], event: TimelineEvent): void {
  let index = heap.length
  heap.push(event)
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent] as TimelineEvent
    if (!isBefore(event, above)) break
    heap[index] = above
    index = parent
  }
  heap[index] = event
}

function pop(heap: TimelineEvent[]): void {
  const last = heap.pop() as TimelineEvent
  if (heap.length === 0) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    const right = heap[child + 1]
    if (right !== undefined && isBefore(right, heap[child] as TimelineEvent)) child++
    if (!isBefore(heap[child] as TimelineEvent, last)) break
    heap[index] = heap[child] as TimelineEvent
    index = child
  }
  heap[index] = last
}
