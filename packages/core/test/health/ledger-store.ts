/** A store of ledgers made by hand: only the verbs that an audit calls, with hooks between them. */
import type { LedgerFacts } from '../../src/health/check-ledger.ts'
import type { GateRecord } from '../../src/store/runs.ts'
import type { Store } from '../../src/store/store.ts'

export interface LedgerStore {
  readonly store: Store
  readonly ledgers: LedgerFacts[]
  gates: GateRecord[]
  /** Calls so far. */
  readonly calls: { list: number; ledger: number; gates: number; countSkips: number }
  /** Called before each answer of `ledger`, with how often it was asked. */
  beforeLedger: (asked: number) => void
}

/** `cuts`: whether a page is cut over all records together, or over runs and ranges each by itself. */
export function ledgerStore(ledgers: readonly LedgerFacts[], cuts: 'together' | 'apart' = 'together'): LedgerStore {
  const fake: Omit<LedgerStore, 'store'> = {
    ledgers: [...ledgers],
    gates: [],
    calls: { list: 0, ledger: 0, gates: 0, countSkips: 0 },
    beforeLedger: () => {},
  }
  const indexOf = ({ job, name }: { job: string; name: string }): number =>
    fake.ledgers.findIndex(({ record }) => record.job === job && record.name === name)

  const schedules: Partial<Store['schedules']> = {
    async list({ job, after, limit }) {
      fake.calls.list += 1
      const key = (one: { job: string; name: string }): string => `${one.job}\0${one.name}`
      const all = fake.ledgers
        .map(({ record }) => record)
        .filter((record) => job === undefined || record.job === job)
        .sort((a, b) => (key(a) < key(b) ? -1 : 1))
      return { schedules: all.filter((record) => after === undefined || key(record) > key(after)).slice(0, limit) }
    },
    async ledger({ after, limit, ...ref }) {
      fake.calls.ledger += 1
      fake.beforeLedger(fake.calls.ledger)
      const ledger = fake.ledgers[indexOf(ref)]
      if (ledger === undefined) return { schedule: null, runs: [], skips: [], folded: {}, more: false }
      const from = after ?? Number.NEGATIVE_INFINITY
      const runs = ledger.runs.filter(({ slot }) => slot > from).sort((a, b) => a.slot - b.slot)
      const skips = ledger.skips.filter(({ to }) => to > from).sort((a, b) => a.to - b.to)
      const ends = [...runs.map(({ slot }) => slot), ...skips.map(({ to }) => to)].sort((a, b) => a - b)
      const end = cuts === 'together' ? (ends[limit - 1] ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
      const page = {
        runs: runs.filter(({ slot }) => slot <= end).slice(0, limit),
        skips: skips.filter(({ to }) => to <= end).slice(0, limit),
      }
      const more = page.runs.length < runs.length || page.skips.length < skips.length
      return { schedule: ledger.record, ...page, folded: ledger.record.folded, more }
    },
    async countSkips({ counts, ...ref }) {
      fake.calls.countSkips += 1
      const index = indexOf(ref)
      const ledger = fake.ledgers[index] as LedgerFacts
      const found = new Map(counts.map(({ id, count }) => [id, count]))
      const added = counts.reduce((sum, { count }) => sum + count, 0)
      fake.ledgers[index] = {
        ...ledger,
        record: { ...ledger.record, slots: ledger.record.slots + added },
        skips: ledger.skips.map((range) => ({ ...range, count: range.count ?? found.get(range.id) ?? null })),
      }
    },
  }
  const runs: Partial<Store['runs']> = {
    async gates({ names }) {
      fake.calls.gates += 1
      return { gates: fake.gates.filter(({ gate }) => names === undefined || names.includes(gate)) }
    },
  }
  const store = { name: 'ledgers', now: async () => Date.UTC(2026, 0, 2), schedules, runs } as unknown as Store
  return Object.assign(fake, { store })
}
