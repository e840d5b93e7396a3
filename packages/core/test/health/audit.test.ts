import { describe, expect, it } from 'vitest'
import { auditSchedules } from '../../src/health/audit.ts'
import { checkGates, isGateOf } from '../../src/health/check-gates.ts'
import type { LedgerFacts } from '../../src/health/check-ledger.ts'
import { LEDGER_PAGE } from '../../src/health/read-ledger.ts'
import { seededRandom } from '../../src/random/random.ts'
import { jobGate, keyGate, mutexGate } from '../../src/store/gates.ts'
import type { GateRecord } from '../../src/store/runs.ts'
import { cronSpec, randomLedger, record, runAt, simple, skip, START } from './ledgers.ts'
import { ledgerStore } from './ledger-store.ts'

const at = (seconds: number): number => START + seconds * 1_000
const named = (facts: LedgerFacts, job: string, name = '#0'): LedgerFacts => ({ ...facts, record: { ...facts.record, job, name } })
const broken = (facts: LedgerFacts): LedgerFacts => ({ ...facts, runs: facts.runs.slice(1) })
const gate = (changes: Partial<GateRecord>): GateRecord => ({ gate: jobGate('a'), limit: 2, held: 1, holders: 1, waiting: 0, ...changes })

describe('auditSchedules', () => {
  it('reports on every schedule, and adds up', async () => {
    const { store, calls } = ledgerStore([named(simple(3), 'a'), named(simple(4), 'a', '#1'), named(simple(5), 'b')])
    const report = await auditSchedules(store)
    expect(report).toMatchObject({ at: '2026-01-02T00:00:00.000Z', ok: true, violations: [], proven: 12, attested: 0, complete: true })
    expect(report.schedules.map(({ job, schedule, proven }) => [job, schedule, proven])).toEqual([
      ['a', '#0', 3],
      ['a', '#1', 4],
      ['b', '#0', 5],
    ])
    expect(calls).toEqual({ list: 1, ledger: 3, gates: 1, countSkips: 0 })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('looks only at the jobs it is asked about', async () => {
    const fake = ledgerStore([named(simple(3), 'a'), named(broken(simple(3)), 'b')])
    fake.gates = [gate({ gate: keyGate('b', 'x'), held: 2 })]
    expect(await auditSchedules(fake.store, { jobs: ['a'] })).toMatchObject({ ok: true, proven: 3 })
    const { violations } = await auditSchedules(fake.store, { jobs: ['b'] })
    expect(violations.map(({ kind, job }) => [kind, job])).toEqual([
      ['missingSlot', 'b'],
      ['countMismatch', 'b'],
      ['gateMismatch', 'b'],
    ])
  })

  it('pages through schedules, and stops at the limit', async () => {
    const many = Array.from({ length: 450 }, (_, index) => named(simple(1), 'a', `key-${String(index).padStart(3, '0')}`))
    const fake = ledgerStore(many)
    expect(await auditSchedules(fake.store)).toMatchObject({ proven: 450, complete: true })
    expect(fake.calls.list).toBe(3)
    const limited = await auditSchedules(fake.store, { limit: 201 })
    expect(limited).toMatchObject({ proven: 201, complete: false, ok: true })
    expect(await auditSchedules(fake.store, { limit: 450 })).toMatchObject({ proven: 450, complete: true })
  })

  it('stops when there is no end of violations', async () => {
    const many = Array.from({ length: 900 }, (_, index) => named(broken(simple(1)), 'a', `key-${String(index).padStart(3, '0')}`))
    const report = await auditSchedules(ledgerStore(many).store)
    expect(report).toMatchObject({ ok: false, complete: false })
    expect(report.violations.length).toBeLessThan(1_100)
  })

  it.each(['together', 'apart'] as const)('reads long ledgers page by page, cut %s', async (cuts) => {
    // Two runs, a range of three slots, and again: 4,000 runs and 2,000 ranges.
    const runs = Array.from({ length: 4_000 }, (_, index) => runAt(at(Math.floor(index / 2) * 5 + (index % 2) + 1)))
    const skips = Array.from({ length: 2_000 }, (_, index) => skip(at(index * 5 + 3), at(index * 5 + 5), 3))
    const facts: LedgerFacts = { record: record({ cursor: at(10_000), slots: 10_000 }), runs, skips }
    const fake = ledgerStore([facts], cuts)
    expect(await auditSchedules(fake.store)).toMatchObject({
      ok: true,
      proven: 10_000,
      schedules: [{ runs: 4_000, skipped: { misfire: 6_000 } }],
    })
    expect(fake.calls.ledger).toBeGreaterThanOrEqual(4_000 / LEDGER_PAGE)
    const lost = ledgerStore([{ ...facts, skips: skips.filter((_, index) => index !== 1_500) }], cuts)
    expect((await auditSchedules(lost.store)).violations.map(({ kind }) => kind)).toEqual([
      'missingSlot',
      'missingSlot',
      'missingSlot',
      'countMismatch',
    ])
  })

  it('fills in the counts of ranges, once', async () => {
    const facts: LedgerFacts = {
      record: record({ spec: cronSpec('0 */5 * * * *'), cursor: at(86_400 * 30), slots: 0 }),
      runs: [],
      skips: [skip(at(300), at(86_400 * 30), null)],
    }
    const fake = ledgerStore([facts])
    const first = await auditSchedules(fake.store)
    expect(first).toMatchObject({ ok: true, proven: 8_640, schedules: [{ skipped: { misfire: 8_640 } }] })
    expect(fake.ledgers[0]).toMatchObject({ record: { slots: 8_640 }, skips: [{ count: 8_640 }] })
    expect(await auditSchedules(fake.store)).toEqual(first)
    expect(fake.calls.countSkips).toBe(1)
  })

  it('lets the event loop turn while it counts a year of seconds', async () => {
    const spec = cronSpec('* * * * * *')
    const days = process.env.QJ_TEST_TIER === undefined ? 2 : 366
    const slots = days * 86_400
    const fake = ledgerStore([{ record: record({ spec, cursor: at(slots) }), runs: [], skips: [skip(at(1), at(slots), null)] }])
    let pauses = 0
    const report = await auditSchedules(fake.store, {
      pause: async () => {
        pauses += 1
      },
    })
    expect(report).toMatchObject({ ok: true, proven: slots })
    expect(pauses).toBeGreaterThanOrEqual(Math.floor(slots / 10_000))
  }, 120_000)
})

describe('an audit of a store in use', () => {
  it('looks again before it reports', async () => {
    const fake = ledgerStore([broken(simple(3))])
    fake.beforeLedger = (asked) => {
      if (asked === 2) fake.ledgers[0] = simple(3)
    }
    expect(await auditSchedules(fake.store)).toMatchObject({ ok: true, proven: 3, complete: true })
    expect(fake.calls.ledger).toBe(2)
  })

  it('reports what it sees twice', async () => {
    const fake = ledgerStore([broken(simple(3))])
    expect((await auditSchedules(fake.store)).violations.map(({ kind }) => kind)).toEqual(['missingSlot', 'countMismatch'])
    expect(fake.calls.ledger).toBe(2)
  })

  it('does not mind slots that fire between two pages', async () => {
    const fake = ledgerStore([simple(2_500)])
    fake.beforeLedger = (asked) => {
      fake.ledgers[0] = simple(2_500 + asked * 10)
    }
    // The first page was read with ten slots more than there were at first; what fired later is left to the next audit.
    expect(await auditSchedules(fake.store)).toMatchObject({ ok: true, proven: 2_510, complete: true })
    expect(fake.calls.ledger).toBe(3)
  })

  it('finds a run after the cursor even so', async () => {
    const ahead = simple(2_500)
    const fake = ledgerStore([{ ...ahead, runs: [...ahead.runs, runAt(at(9_999))] }])
    expect((await auditSchedules(fake.store)).violations.map(({ kind }) => kind)).toEqual(['slotAfterCursor', 'countMismatch'])
  })

  it('begins again when pruning comes between two pages, and gives up after three times', async () => {
    const long = simple(2_500)
    const pruned = (n: number): LedgerFacts => ({
      record: { ...long.record, folded: { succeeded: n }, horizon: at(n) },
      runs: long.runs.slice(n),
      skips: [],
    })
    const once = ledgerStore([long])
    once.beforeLedger = (asked) => {
      if (asked === 2) once.ledgers[0] = pruned(400)
    }
    expect(await auditSchedules(once.store)).toMatchObject({ ok: true, complete: true, proven: 2_100, attested: 400 })
    const always = ledgerStore([long])
    always.beforeLedger = (asked) => {
      always.ledgers[0] = pruned(asked * 10)
    }
    expect(await auditSchedules(always.store)).toMatchObject({ ok: true, complete: false, schedules: [] })
    expect(always.calls.ledger).toBe(6)
  })

  it('passes over a schedule that is removed meanwhile', async () => {
    const fake = ledgerStore([simple(3)])
    fake.beforeLedger = () => void fake.ledgers.pop()
    expect(await auditSchedules(fake.store)).toMatchObject({ ok: true, schedules: [], complete: true })
  })

  it('ends even when a store gives the same page for ever', async () => {
    const { store } = ledgerStore([simple(3)])
    const stuck = {
      ...store,
      schedules: {
        ...store.schedules,
        ledger: async () => ({ schedule: simple(3).record, runs: simple(3).runs, skips: [], folded: {}, more: true }),
      },
    }
    expect(await auditSchedules(stuck)).toMatchObject({ complete: false, schedules: [] })
  })

  it('agrees with itself on ledgers made by chance', async () => {
    const made = Array.from({ length: 100 }, (_, seed) => randomLedger(seededRandom(seed)))
    const fake = ledgerStore(made.map(({ facts }, index) => named(facts, 'a', `key-${String(index).padStart(3, '0')}`)))
    const report = await auditSchedules(fake.store)
    expect(report).toMatchObject({
      ok: true,
      proven: made.reduce((sum, { proven }) => sum + proven, 0),
      attested: made.reduce((sum, { attested }) => sum + attested, 0),
    })
    expect(fake.calls.countSkips).toBe(made.filter(({ open }) => open > 0).length)
    expect(await auditSchedules(fake.store)).toEqual(report)
  })
})

describe('the gates', () => {
  it.each([
    ['held as it should be', gate({}), null],
    ['free', gate({ held: 0, holders: 0 }), null],
    ['full', gate({ held: 2, holders: 2 }), null],
    ['held by nobody', gate({ held: 1, holders: 0 }), /counts 1 of 2 as held, but 0 runs and leases hold it/],
    ['held by more than it counts', gate({ held: 0, holders: 1 }), /but 1 runs/],
    ['held above its limit', gate({ held: 3, holders: 3 }), /counts 3 of 2 as held; if its limit was lowered/],
    ['held below nothing', gate({ held: -1, holders: 0 }), /counts -1/],
  ])('%s', (_, one, detail) => {
    const expected =
      detail === null ? [] : [{ kind: 'gateMismatch', job: 'a', schedule: null, slot: null, detail: expect.stringMatching(detail) }]
    expect(checkGates([one])).toEqual(expected)
  })

  it('name the job they belong to', () => {
    const jobs = [jobGate('a:b'), keyGate('a', 'k/l'), mutexGate('m')].map((name) => checkGates([gate({ gate: name, held: 9 })])[0]?.job)
    expect(jobs).toEqual(['a:b', 'a', null])
    expect([isGateOf('a', jobGate('a')), isGateOf('a', keyGate('a', '')), isGateOf('a', keyGate('a', 'b'))]).toEqual([true, true, true])
    expect([isGateOf('a', jobGate('ab')), isGateOf('a', keyGate('ab', '')), isGateOf('a', mutexGate('a'))]).toEqual([false, false, false])
  })

  it('are read again before they are reported', async () => {
    const fake = ledgerStore([])
    fake.gates = [gate({ held: 2 }), gate({ gate: jobGate('b') })]
    const { gates } = fake.store.runs
    const store = {
      ...fake.store,
      runs: {
        ...fake.store.runs,
        gates: async (request: Parameters<typeof gates>[0]) => {
          const reply = await gates(request)
          fake.gates = [gate({ held: 1 })]
          return reply
        },
      },
    }
    expect(await auditSchedules(store)).toMatchObject({ ok: true })
    expect(fake.calls.gates).toBe(2)
    fake.gates = [gate({ held: 2 })]
    expect((await auditSchedules(fake.store)).violations.map(({ kind }) => kind)).toEqual(['gateMismatch'])
  })
})
