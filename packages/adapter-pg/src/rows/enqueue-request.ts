/** Requests as `runs_enqueue` reads them: plain ones, which are the most, in columns, and the others as records. */
import type { EnqueueRequest } from '@quarterjack/core/store'

/** What is sent, and where each request went, to put the replies back in order. */
export interface EnqueueLetter {
  readonly letter: {
    readonly names: readonly string[]
    readonly ids: readonly string[]
    readonly others: readonly EnqueueRequest[]
    /** The columns of the plain ones. */
    readonly [column: string]: unknown
  }
  /** `order[i]`: the place of the i-th request among what is sent. */
  readonly order: readonly number[]
}

export function toEnqueueLetter(requests: readonly EnqueueRequest[]): EnqueueLetter {
  const [first] = requests
  if (first !== undefined && isPlain(first) && requests.every((one) => isLike(one, first))) return letterOfAlike(requests, first)
  const plain = requests.filter(isPlain)
  const others = plain.length === requests.length ? [] : requests.filter((one) => !isPlain(one))
  let nextPlain = 0
  let nextOther = plain.length
  return {
    letter: {
      names: [...new Set(requests.map(({ job }) => job))],
      ids: plain.map(({ id }) => id),
      others,
      ...columnsOf(plain),
    },
    order: others.length === 0 ? requests.map((_, index) => index) : requests.map((one) => (isPlain(one) ? nextPlain++ : nextOther++)),
  }
}

/** Of plain requests that differ by their ids and payloads alone, as a single one does, and most that come together. */
function letterOfAlike(requests: readonly EnqueueRequest[], { job, gates, ...one }: EnqueueRequest): EnqueueLetter {
  const { key, trigger, triggers: count, priority, runAt = null, delayMs: delay, overlap } = one
  const { replayOf: replay = null, trace = null, slot = null } = one
  const columns = { job, key, trigger, count, priority, runAt, delay, overlap, replay, trace, slot, gates, varied: false }
  const ids = requests.map(({ id }) => id)
  const payloads = requests.map(({ payload }) => payload)
  return { letter: { names: [job], ids, others: [], payloads, ...columns }, order: requests.map((_, index) => index) }
}

/** Texts that travel as they are; others as escapes of JSON. */
const UNHELD = /[\0\uD800-\uDFFF\uE000]/

/** The values of `runs_enqueue_one`, up to whom it tells; null for what is not written by that. */
export function toSoleRequest(requests: readonly EnqueueRequest[]): readonly string[] | null {
  const [one] = requests
  if (one === undefined || requests.length > 1 || !isPlain(one) || !isUsual(one)) return null
  const { id, job, key, payload, priority, overlap, trace } = one
  if (payload === '' || trace === '' || UNHELD.test(`${id}${job}${key}${payload}${trace}`)) return null
  return [id, job, key, payload ?? '', String(priority), overlap, trace ?? '']
}

/** A single trigger, due at once, that waits for nothing. */
function isUsual({ trigger, triggers, runAt, delayMs, gates, replayOf, slot }: EnqueueRequest): boolean {
  return (
    trigger === 'manual' &&
    triggers === 1 &&
    delayMs === 0 &&
    gates.length === 0 &&
    runAt === undefined &&
    replayOf === undefined &&
    slot === undefined
  )
}

/** In one look, and without one function per field: requests come by the thousand. */
function isLike(one: EnqueueRequest, other: EnqueueRequest): boolean {
  return (
    one === other ||
    (one.job === other.job &&
      one.key === other.key &&
      one.trigger === other.trigger &&
      one.triggers === other.triggers &&
      one.priority === other.priority &&
      one.runAt === other.runAt &&
      one.delayMs === other.delayMs &&
      one.overlap === other.overlap &&
      one.replayOf === other.replayOf &&
      one.trace === other.trace &&
      one.slot === other.slot &&
      one.gates.length + other.gates.length === 0 &&
      isPlain(one))
  )
}

/** Nothing has to be looked at to write it. */
function isPlain({ debounce, idempotency, skipWhenBusy }: EnqueueRequest): boolean {
  return debounce === undefined && idempotency === undefined && !skipWhenBusy
}

/** What may vary: one value where all are the same, else an array, under the same name with an `s`. */
const VARYING: Readonly<Record<string, { readonly many: string; readonly of: (one: EnqueueRequest) => unknown }>> = {
  job: { many: 'jobs', of: ({ job }) => job },
  key: { many: 'keys', of: ({ key }) => key },
  trigger: { many: 'triggers', of: ({ trigger }) => trigger },
  count: { many: 'counts', of: ({ triggers }) => triggers },
  priority: { many: 'priorities', of: ({ priority }) => priority },
  runAt: { many: 'runAts', of: ({ runAt }) => runAt ?? null },
  delay: { many: 'delays', of: ({ delayMs }) => delayMs },
  overlap: { many: 'overlaps', of: ({ overlap }) => overlap },
  replay: { many: 'replays', of: ({ replayOf }) => replayOf ?? null },
  trace: { many: 'traces', of: ({ trace }) => trace ?? null },
  slot: { many: 'slots', of: ({ slot }) => slot ?? null },
}

function columnsOf(plain: readonly EnqueueRequest[]): Readonly<Record<string, unknown>> {
  const [first] = plain
  if (first === undefined) return {}
  const columns: Record<string, unknown> = { payloads: plain.map(({ payload }) => payload) }
  let varied = false
  for (const [one, { many, of }] of Object.entries(VARYING)) {
    const value = of(first)
    const isSame = plain.every((request) => of(request) === value)
    if (isSame) columns[one] = value
    else columns[many] = plain.map(of)
    varied ||= !isSame
  }
  const isUngated = plain.every(({ gates }) => gates.length === 0)
  if (isUngated) columns.gates = first.gates
  else {
    columns.gateLists = plain.map(({ gates }) => gates)
    varied = true
  }
  return { ...columns, varied }
}
