/** Ledgers made by hand or by chance, for audits to check. */
import type { LedgerFacts } from '../../src/health/check-ledger.ts'
import { specArithmetic } from '../../src/health/spec-arithmetic.ts'
import { slotRunId } from '../../src/random/ids.ts'
import type { Random } from '../../src/random/random.ts'
import type { SkipReason } from '../../src/run/run-state.ts'
import type { PastSpec, ScheduleRecord, SkipRecord } from '../../src/store/records.ts'

export const START: number = Date.UTC(2026, 0, 1)
export const INCARNATION = '01890000-0000-7000-8abc-0123456789ab'

export type RunRow = LedgerFacts['runs'][number]

export const everySpec = (everyMs: number, more: object = {}): string => JSON.stringify({ anchorAt: 0, everyMs, kind: 'every', ...more })
export const cronSpec = (expression: string): string => JSON.stringify({ expression, kind: 'cron', timeZone: 'Europe/Berlin' })

export function record(changes: Partial<ScheduleRecord> = {}): ScheduleRecord {
  return {
    job: 'feedback',
    name: '#0',
    key: '',
    incarnation: INCARNATION,
    generation: 1,
    spec: everySpec(1_000),
    payload: null,
    cursor: START,
    nextSlot: null,
    nextDueAt: null,
    suspended: null,
    suspendedStretches: [],
    slots: 0,
    folded: {},
    horizon: null,
    history: [],
    createdAt: START,
    quarantined: null,
    ...changes,
  }
}

export function runAt(slot: number, state: RunRow['state'] = 'succeeded', reason: string | null = null): RunRow {
  return { id: slotRunId(INCARNATION, slot), slot, state, reason }
}

export function skip(from: number, to: number, count: number | null, more: Partial<SkipRecord> = {}): SkipRecord {
  return { id: `skip-${from}`, reason: 'misfire', from, to, count, specGeneration: 1, ...more }
}

/** `n` slots of one second, each with a run: what most hand-made ledgers start from. */
export function simple(n: number, changes: Partial<ScheduleRecord> = {}): LedgerFacts {
  const runs = Array.from({ length: n }, (_, index) => runAt(START + (index + 1) * 1_000))
  const cursor = START + n * 1_000
  return { record: record({ cursor, slots: n, nextSlot: cursor + 1_000, ...changes }), runs, skips: [] }
}

const SPECS = [
  everySpec(1_000),
  everySpec(7_000, { anchorAt: START + 123 }),
  everySpec(60_000),
  cronSpec('0 * * * * *'),
  cronSpec('*/20 * 1-3 * * *'),
  cronSpec('30 30 2 * * *'),
]
const REASONS: readonly SkipReason[] = ['misfire', 'suspended', 'overlap', 'excluded', 'limit']
const STATES: readonly RunRow['state'][] = ['succeeded', 'dead', 'cancelled', 'pending', 'running', 'waiting']

/** A valid ledger: up to four generations, runs and ranges, part of it pruned. Returns what the audit must make of it, too. */
export function randomLedger(random: Random): {
  readonly facts: LedgerFacts
  readonly proven: number
  readonly attested: number
  readonly open: number
} {
  const below = (n: number): number => Math.floor(random() * n)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T
  const runs: RunRow[] = []
  const skips: SkipRecord[] = []
  const history: PastSpec[] = []
  const generations = 1 + below(4)
  let at = START + below(10_000)
  const createdAt = at
  let current = { spec: pick(SPECS), cursor: at }

  const fire = (generation: number, spec: string, from: number): number => {
    const slots = specArithmetic.slotsOf(spec, from, Number.POSITIVE_INFINITY, below(12))
    for (let index = 0; index < slots.length; ) {
      const length = random() < 0.6 ? 1 : 1 + below(4)
      const covered = slots.slice(index, index + length)
      const [first, last] = [Number(covered[0]), Number(covered.at(-1))]
      if (length === 1 && random() < 0.8)
        runs.push(random() < 0.2 ? runAt(first, 'skipped', pick(['overlap', 'nothing to do'])) : runAt(first, pick(STATES)))
      else skips.push(skip(first, last, random() < 0.3 ? null : covered.length, { reason: pick(REASONS), specGeneration: generation }))
      index += length
    }
    return slots.at(-1) ?? from
  }

  for (let generation = 1; generation <= generations; generation += 1) {
    const { spec } = current
    const cursor = fire(generation, spec, at)
    current = { spec, cursor }
    if (generation === generations) break
    // The definition changes, before or after the next slot was due; up to two slots before that one were excluded.
    const ahead = specArithmetic.slotsOf(spec, cursor, Number.POSITIVE_INFINITY, 4)
    const next = Number(ahead[below(3)])
    const until = random() < 0.5 ? cursor + below(next - cursor) : next + below(Number(ahead[3]) - next)
    if (next <= until) skips.push(skip(next, until, null, { reason: 'superseded', specGeneration: generation }))
    history.push({ generation, spec, until, cursor, nextSlot: next })
    at = until
    current = { spec: pick(SPECS), cursor: until }
  }

  const total = runs.length + skips.reduce((sum, { count }) => sum + (count ?? 0), 0)
  const ends = [...runs.map(({ slot }) => slot), ...skips.map(({ to }) => to)].sort((a, b) => a - b)
  const pruneTo = random() < 0.5 ? (ends[below(ends.length + 1)] ?? null) : null
  const folded: Record<string, number> = {}
  let horizon: number | null = null
  const fold = (outcome: string, count: number, end: number): void => {
    folded[outcome] = (folded[outcome] ?? 0) + count
    horizon = Math.max(horizon ?? end, end)
  }
  const keptRuns = runs.filter(({ slot, state, reason }) => {
    if (pruneTo === null || slot > pruneTo || random() < 0.3 || !['succeeded', 'dead', 'cancelled', 'skipped'].includes(state)) return true
    fold(state === 'skipped' ? `skipped:${reason === 'overlap' ? 'overlap' : 'handler'}` : state, 1, slot)
    return false
  })
  const keptSkips = skips.filter(({ to, count, reason }) => {
    if (pruneTo === null || to > pruneTo || random() < 0.3 || count === null) return true
    fold(`skipped:${reason}`, count, to)
    return false
  })
  const after = horizon ?? createdAt
  const known = new Set([...history.filter(({ until }) => until > after), { generation: generations }].map(({ generation }) => generation))
  const trueCount = ({ from, to, specGeneration }: SkipRecord): number => {
    const spec = history.find(({ generation }) => generation === specGeneration)?.spec ?? current.spec
    return Number(specArithmetic.countSlots(spec, from - 1, to, Number.POSITIVE_INFINITY))
  }
  const open = keptSkips.filter(({ count, specGeneration }) => count === null && known.has(specGeneration))
  const proven =
    keptRuns.filter(({ slot }) => slot > after).length +
    keptSkips.filter(({ to }) => to > after).reduce((sum, range) => sum + trueCount(range), 0)
  const filled = open.reduce((sum, range) => sum + trueCount(range), 0)
  return {
    facts: {
      record: record({
        generation: generations,
        spec: current.spec,
        cursor: current.cursor,
        nextSlot: specArithmetic.slotsOf(current.spec, current.cursor, Number.POSITIVE_INFINITY, 1)[0] ?? null,
        slots: total,
        folded,
        horizon,
        history: history.filter(({ until }) => until > after),
        createdAt,
      }),
      runs: keptRuns,
      skips: keptSkips,
    },
    proven,
    attested: total + filled - proven,
    open: open.length,
  }
}
