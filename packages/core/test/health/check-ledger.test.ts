import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuditViolation } from '../../src/health/audit-report.ts'
import { checkLedger, type LedgerFacts } from '../../src/health/check-ledger.ts'
import { MOST_VIOLATIONS, type LedgerVerdict } from '../../src/health/ledger-tally.ts'
import { specArithmetic } from '../../src/health/spec-arithmetic.ts'
import { slotRunId } from '../../src/random/ids.ts'
import { seededRandom } from '../../src/random/random.ts'
import type { ScheduleRecord } from '../../src/store/records.ts'
import { cronSpec, everySpec, randomLedger, record, runAt, simple, skip, START } from './ledgers.ts'

const check = (facts: LedgerFacts): LedgerVerdict => checkLedger(facts, specArithmetic)
const at = (seconds: number): number => START + seconds * 1_000
const iso = (seconds: number): string => new Date(at(seconds)).toISOString()

/** Kind and slot of each violation. */
function found(facts: LedgerFacts): readonly (readonly [AuditViolation['kind'], string | null])[] {
  return check(facts).violations.map(({ kind, slot }) => [kind, slot])
}

function changed(facts: LedgerFacts, changes: Partial<ScheduleRecord>): LedgerFacts {
  return { ...facts, record: { ...facts.record, ...changes } }
}

describe('a ledger in order', () => {
  it('is proven slot by slot', () => {
    const verdict = check(simple(5))
    expect(verdict).toEqual({
      audit: { job: 'feedback', schedule: '#0', cursor: iso(5), proven: 5, attested: 0, runs: 5, skipped: {} },
      violations: [],
      counts: [],
    })
  })

  it('may be empty', () => {
    expect(check({ record: record(), runs: [], skips: [] }).violations).toEqual([])
  })

  it('covers slots by ranges, adds up reasons, and fills in missing counts', () => {
    const facts: LedgerFacts = {
      record: record({ cursor: at(10), slots: 7, nextSlot: at(11) }),
      runs: [runAt(at(1)), runAt(at(2), 'skipped', 'overlap'), runAt(at(3), 'skipped', 'nothing new'), runAt(at(10), 'dead')],
      skips: [skip(at(4), at(6), 3), skip(at(7), at(9) + 500, null, { id: 'open', reason: 'suspended' })],
    }
    expect(check(facts)).toMatchObject({
      audit: { proven: 10, attested: 0, runs: 2, skipped: { overlap: 1, handler: 1, misfire: 3, suspended: 3 } },
      violations: [],
      counts: [{ id: 'open', count: 3 }],
    })
  })

  it('attests what lies before the horizon', () => {
    const facts: LedgerFacts = {
      record: record({ cursor: at(10), slots: 10, horizon: at(6), folded: { succeeded: 3, 'skipped:misfire': 2 } }),
      runs: [runAt(at(3), 'dead'), ...[7, 8, 9, 10].map((second) => runAt(at(second)))],
      skips: [],
    }
    expect(check(facts)).toMatchObject({ audit: { proven: 4, attested: 6, runs: 8, skipped: { misfire: 2 } }, violations: [] })
  })

  it('follows a change of definition', () => {
    const facts: LedgerFacts = {
      record: record({
        generation: 2,
        spec: everySpec(2_000),
        cursor: at(8),
        nextSlot: at(10),
        slots: 4,
        history: [{ generation: 1, spec: everySpec(1_000), until: at(4) + 1, cursor: at(2), nextSlot: at(3) }],
      }),
      runs: [runAt(at(1)), runAt(at(2)), runAt(at(6)), runAt(at(8))],
      skips: [skip(at(3), at(4) + 1, null, { id: 'old', reason: 'superseded' })],
    }
    expect(check(facts)).toMatchObject({ audit: { proven: 6 }, violations: [], counts: [{ id: 'old', count: 2 }] })
  })

  it('knows what was excluded when a definition ended: by the slot that was next', () => {
    const facts = (nextSlot: number | null | undefined): LedgerFacts => ({
      record: record({
        generation: 2,
        spec: everySpec(10_000),
        cursor: at(10),
        slots: 2,
        history: [{ generation: 1, spec: everySpec(1_000), until: at(5), ...(nextSlot === undefined ? {} : { cursor: at(1), nextSlot }) }],
      }),
      runs: [runAt(at(1)), runAt(at(10))],
      skips: [],
    })
    expect(found(facts(at(6)))).toEqual([])
    expect(found(facts(null))).toEqual([])
    // Without a superseded range, the slots from the next one on are missing.
    expect(found(facts(at(5)))).toEqual([['missingSlot', iso(5)]])
    expect(found(facts(at(2)))).toEqual([2, 3, 4, 5].map((second) => ['missingSlot', iso(second)]))
    expect(found(facts(undefined))).toHaveLength(4)
  })

  it('knows what was excluded when a definition ended: by the definition itself', () => {
    const spec = everySpec(1_000, { excludeRanges: [[at(2), at(5)]] })
    const facts: LedgerFacts = {
      record: record({
        generation: 2,
        spec: everySpec(10_000),
        cursor: at(10),
        slots: 2,
        history: [{ generation: 1, spec, until: at(4) }],
      }),
      runs: [runAt(at(1)), runAt(at(10))],
      skips: [],
    }
    expect(found(facts)).toEqual([])
    // The definition in force must record its excluded slots.
    expect(found({ record: record({ spec, cursor: at(5), slots: 2 }), runs: [runAt(at(1)), runAt(at(5))], skips: [] })).toHaveLength(3)
  })

  it('takes ranges that reach over the horizon for what they are', () => {
    const ledger = (from: number, to: number, count: number | null): LedgerFacts => ({
      record: record({ cursor: at(6), slots: 3 + (count ?? 0), horizon: at(3), folded: { succeeded: 1 } }),
      runs: [runAt(at(5)), runAt(at(6))],
      skips: [skip(from, to, count)],
    })
    expect(check(ledger(at(2), at(4), 3))).toMatchObject({ audit: { proven: 3, attested: 3 }, violations: [] })
    expect(check(ledger(at(2), at(4), null))).toMatchObject({ audit: { proven: 3, attested: 3 }, violations: [], counts: [{ count: 3 }] })
    // Its last slot may lie before the horizon, and only its end after it.
    const end = ledger(at(2), at(3) + 1, 2)
    const runs = [4, 5, 6].map((second) => runAt(at(second)))
    expect(check({ ...changed(end, { slots: 6 }), runs })).toMatchObject({ audit: { proven: 3, attested: 3 }, violations: [] })
  })

  it('leaves alone the runs of a schedule that was removed and set anew', () => {
    const other = (slot: number): LedgerFacts['runs'][number] => ({
      ...runAt(slot),
      id: slotRunId('01890000-0000-7000-9999-999999999999', slot),
    })
    const facts = simple(3)
    expect(found({ ...facts, runs: [other(at(-1)), other(at(0)), other(at(1)), ...facts.runs] })).toEqual([])
  })

  it('counts a year of seconds, missed at once', () => {
    const spec = cronSpec('* * * * * *')
    const year = 366 * 86_400
    const facts: LedgerFacts = { record: record({ spec, cursor: at(year) }), runs: [], skips: [skip(at(1), at(86_400), null)] }
    expect(check(changed(facts, { cursor: at(86_400) })).counts).toEqual([{ id: `skip-${at(1)}`, count: 86_400 }])
    const closed = { ...facts, record: { ...facts.record, spec: everySpec(1_000) }, skips: [skip(at(1), at(year), null)] }
    expect(check(closed).counts[0]?.count).toBe(year)
  })
})

describe('each violation is found', () => {
  const five = simple(5)
  const without = (second: number): LedgerFacts => ({ ...five, runs: five.runs.filter(({ slot }) => slot !== at(second)) })
  const three = {
    ...simple(0),
    record: record({ cursor: at(5), slots: 5, nextSlot: at(6) }),
    runs: [runAt(at(1)), runAt(at(5))],
    skips: [skip(at(2), at(4), 3)],
  }

  it.each<readonly [string, LedgerFacts, readonly (readonly [AuditViolation['kind'], string | null])[]]>([
    ['a lost run', changed(without(3), { slots: 4 }), [['missingSlot', iso(3)]]],
    [
      'a lost run that was counted',
      without(3),
      [
        ['missingSlot', iso(3)],
        ['countMismatch', null],
      ],
    ],
    ['a lost first run', changed(without(1), { slots: 4 }), [['missingSlot', iso(1)]]],
    ['a cursor that moved without a record', changed(five, { cursor: at(6), nextSlot: at(7) }), [['missingSlot', iso(6)]]],
    ['a lost range', changed({ ...three, skips: [] }, { slots: 2 }), [2, 3, 4].map((second) => ['missingSlot', iso(second)] as const)],
    ['a range too short', changed({ ...three, skips: [skip(at(2), at(3), 2)] }, { slots: 4 }), [['missingSlot', iso(4)]]],

    [
      'two runs of one slot',
      changed({ ...five, runs: [...five.runs, { ...runAt(at(3)), id: 'another' }] }, { slots: 6 }),
      [['doubledSlot', iso(3)]],
    ],
    ['a run inside a range', changed({ ...three, runs: [...three.runs, runAt(at(3))] }, { slots: 6 }), [['doubledSlot', iso(3)]]],
    ['a range over a run', changed({ ...three, skips: [skip(at(1), at(4), 4)] }, { slots: 6 }), [['doubledSlot', iso(1)]]],
    ['a range over the next run', changed({ ...three, skips: [skip(at(2), at(5), 4)] }, { slots: 6 }), [['doubledSlot', iso(5)]]],
    [
      'two ranges over one slot',
      changed({ ...three, skips: [skip(at(2), at(3), 2), skip(at(3), at(4), 2)] }, { slots: 6 }),
      [['doubledSlot', iso(3)]],
    ],
    ['a next slot that was fired already', changed(five, { nextSlot: at(5) }), [['doubledSlot', iso(5)]]],
    [
      'two runs of one slot before the horizon',
      changed({ ...five, runs: [...five.runs, { ...runAt(at(2)), id: 'another' }] }, { slots: 6, horizon: at(3) }),
      [['doubledSlot', iso(2)]],
    ],

    [
      'a run between slots',
      changed({ ...five, runs: [...five.runs, runAt(at(3) + 1)] }, { slots: 6 }),
      [['foreignSlot', new Date(at(3) + 1).toISOString()]],
    ],
    [
      'a range between slots',
      changed({ ...five, skips: [skip(at(3) + 1, at(3) + 2, 0)] }, {}),
      [['foreignSlot', new Date(at(3) + 1).toISOString()]],
    ],
    [
      'a range of an unknown generation',
      changed({ ...three, skips: [skip(at(2), at(4), 3, { specGeneration: 7 })] }, {}),
      [['foreignSlot', iso(2)], ...[2, 3, 4].map((second) => ['missingSlot', iso(second)] as const)],
    ],

    ['a run after the cursor', changed(five, { cursor: at(4) }), [['slotAfterCursor', iso(5)]]],
    [
      'a range that reaches beyond the cursor',
      changed({ ...three, runs: [runAt(at(1))], skips: [skip(at(2), at(4), 3)] }, { cursor: at(3), slots: 4 }),
      [['slotAfterCursor', iso(4)]],
    ],
    ['a horizon after the cursor', changed(simple(0), { horizon: at(1) }), [['slotAfterCursor', iso(1)]]],

    ['a count that is wrong', changed({ ...three, skips: [skip(at(2), at(4), 4)] }, { slots: 6 }), [['countMismatch', iso(2)]]],
    ['a total that is wrong', changed(five, { slots: 6 }), [['countMismatch', null]]],
    ['a record lost before the horizon', changed(without(2), { horizon: at(3) }), [['countMismatch', null]]],
    [
      'a pruned record that was not folded',
      changed(five, { slots: 8, folded: { succeeded: 2 }, horizon: at(1) }),
      [['countMismatch', null]],
    ],

    ['a quarantined schedule', changed(five, { quarantined: 'no such zone' }), [['quarantined', null]]],
    ['a definition that cannot be read', changed(five, { spec: '{"kind":"never"}' }), [['quarantined', null]]],
  ])('%s', (_, facts, expected) => {
    expect(found(facts)).toEqual(expected)
  })

  it('a range of a generation that was not in force', () => {
    const facts: LedgerFacts = {
      record: record({
        generation: 2,
        cursor: at(6),
        slots: 6,
        history: [{ generation: 1, spec: everySpec(1_000), until: at(3), cursor: at(3), nextSlot: at(4) }],
      }),
      runs: [1, 2, 3].map((second) => runAt(at(second))),
      skips: [skip(at(4), at(6), 3, { specGeneration: 1 })],
    }
    expect(found(facts)).toEqual([['foreignSlot', iso(4)]])
    expect(found({ ...facts, skips: [skip(at(4), at(6), 3, { specGeneration: 2 })] })).toEqual([])
  })

  it('says what was wrong, in words, and names job and schedule', () => {
    expect(check(changed(five, { quarantined: 'no such zone' })).violations).toEqual([
      { kind: 'quarantined', job: 'feedback', schedule: '#0', slot: null, detail: 'no such zone' },
    ])
    expect(check(changed(five, { slots: 6 })).violations[0]?.detail).toBe(
      '6 slots were accounted for, but 5 are kept and 0 were folded by pruning',
    )
  })

  it('names a bounded number of violations, and counts the rest', () => {
    const everyOther = { ...simple(1_000), runs: simple(1_000).runs.filter((_, index) => index % 2 === 0) }
    const { violations } = check(everyOther)
    expect(violations).toHaveLength(MOST_VIOLATIONS + 1)
    expect(violations.at(-1)?.detail).toBe('and 451 more violations of this schedule')
    const gone = check({ ...simple(100_000), runs: [] }).violations
    expect(gone.map(({ detail }) => detail)[10]).toMatch(/^99990 more slots up to .* have neither a run nor a skip$/)
    expect(gone).toHaveLength(12)
  })
})

/** Single faults; null where the ledger has no place for one. Each gives the kinds of which one must be found. */
type Mutation = (
  facts: LedgerFacts,
  pick: (n: number) => number,
) => { readonly facts: LedgerFacts; readonly kinds: readonly AuditViolation['kind'][] } | null

const horizonOf = ({ record: { horizon, createdAt } }: LedgerFacts): number => horizon ?? createdAt

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'a run is lost': (facts, pick) => {
    if (facts.runs.length === 0) return null
    const victim = pick(facts.runs.length)
    return { facts: { ...facts, runs: facts.runs.filter((_, index) => index !== victim) }, kinds: ['missingSlot', 'countMismatch'] }
  },
  'a range is lost': (facts, pick) => {
    const victims = facts.skips.filter(({ to, count }) => to > horizonOf(facts) || count !== null)
    const victim = victims[pick(victims.length)]
    return victim === undefined
      ? null
      : { facts: { ...facts, skips: facts.skips.filter((range) => range !== victim) }, kinds: ['missingSlot', 'countMismatch'] }
  },
  'a run is doubled': (facts, pick) => {
    const victim = facts.runs[pick(facts.runs.length)]
    return victim === undefined ? null : { facts: { ...facts, runs: [...facts.runs, victim] }, kinds: ['doubledSlot', 'countMismatch'] }
  },
  'a range is doubled': (facts, pick) => {
    const victims = facts.skips.filter(({ to }) => to > horizonOf(facts))
    const victim = victims[pick(victims.length)]
    return victim === undefined ? null : { facts: { ...facts, skips: [...facts.skips, { ...victim, id: 'copy' }] }, kinds: ['doubledSlot'] }
  },
  'a run stands a millisecond late': (facts, pick) => {
    const victims = facts.runs.filter(({ slot }) => slot > horizonOf(facts))
    const victim = victims[pick(victims.length)]
    if (victim === undefined) return null
    const late = { ...victim, slot: victim.slot + 1 }
    return { facts: { ...facts, runs: facts.runs.map((run) => (run === victim ? late : run)) }, kinds: ['missingSlot'] }
  },
  'a range ends before its last slot': (facts, pick) => {
    const victims = facts.skips.filter(({ to }) => to > horizonOf(facts))
    const victim = victims[pick(victims.length)]
    if (victim === undefined) return null
    const spec = [...facts.record.history, facts.record].find(({ generation }) => generation === victim.specGeneration)?.spec ?? ''
    const last = Number(specArithmetic.slotsOf(spec, victim.from - 1, victim.to, Number.POSITIVE_INFINITY).at(-1))
    const shorter = { ...victim, to: last - 1 }
    return { facts: { ...facts, skips: facts.skips.map((range) => (range === victim ? shorter : range)) }, kinds: ['missingSlot'] }
  },
  'the cursor goes back a slot': (facts) => {
    const last = facts.record.cursor
    const isRecorded = facts.runs.some(({ slot }) => slot === last) || facts.skips.some(({ to }) => to === last)
    if (!isRecorded) return null
    return { facts: { ...facts, record: { ...facts.record, cursor: last - 1 } }, kinds: ['slotAfterCursor'] }
  },
  'the cursor moves without a record': (facts) => {
    const { nextSlot } = facts.record
    return nextSlot === null ? null : { facts: { ...facts, record: { ...facts.record, cursor: nextSlot } }, kinds: ['missingSlot'] }
  },
  'a count is wrong': (facts, pick) => {
    const victims = facts.skips.filter(({ count }) => count !== null)
    const victim = victims[pick(victims.length)]
    if (victim === undefined) return null
    const wrong = { ...victim, count: Number(victim.count) + 1 }
    return { facts: { ...facts, skips: facts.skips.map((range) => (range === victim ? wrong : range)) }, kinds: ['countMismatch'] }
  },
  'the total is wrong': (facts, pick) => ({
    facts: { ...facts, record: { ...facts.record, slots: facts.record.slots + (pick(2) === 0 ? 1 : -1) } },
    kinds: ['countMismatch'],
  }),
  'pruned records are not folded': (facts, pick) => {
    const outcomes = Object.keys(facts.record.folded)
    const outcome = outcomes[pick(outcomes.length)]
    if (outcome === undefined) return null
    const { [outcome as 'dead']: _, ...folded } = facts.record.folded
    return { facts: { ...facts, record: { ...facts.record, folded } }, kinds: ['countMismatch'] }
  },
  'a slot fires again': (facts) => ({
    facts: { ...facts, record: { ...facts.record, nextSlot: facts.record.cursor } },
    kinds: ['doubledSlot'],
  }),
  'it is quarantined': (facts) => ({ facts: { ...facts, record: { ...facts.record, quarantined: 'odd' } }, kinds: ['quarantined'] }),
}

const MUTANTS = process.env.QJ_TEST_TIER === undefined ? 100 : 5_000
const RUNS = 3 * MUTANTS

describe('ledgers made by chance', () => {
  it('are in order, and add up', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { facts, proven, attested, open } = randomLedger(seededRandom(seed))
        const verdict = check(facts)
        expect(verdict.violations).toEqual([])
        expect(verdict.audit).toMatchObject({ proven, attested })
        expect(verdict.counts).toHaveLength(open)
        // With the counts filled in, nothing changes but that no count is open.
        const filled = new Map(verdict.counts.map(({ id, count }) => [id, count]))
        const skips = facts.skips.map((range) => ({ ...range, count: range.count ?? filled.get(range.id) ?? null }))
        const slots = facts.record.slots + [...filled.values()].reduce((sum, count) => sum + count, 0)
        expect(check({ ...changed(facts, { slots }), skips })).toEqual({ ...verdict, counts: [] })
      }),
      { numRuns: RUNS },
    )
  }, 120_000)

  it.each(Object.keys(MUTATIONS))(
    'are not any more when %s',
    (name) => {
      let tried = 0
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const random = seededRandom(seed)
          const mutated = MUTATIONS[name]?.(randomLedger(random).facts, (n) => Math.floor(random() * n))
          fc.pre(mutated !== null && mutated !== undefined)
          tried += 1
          const kinds = check(mutated.facts).violations.map(({ kind }) => kind)
          expect(
            kinds.some((kind) => mutated.kinds.includes(kind)),
            `found ${kinds.join(', ') || 'nothing'}`,
          ).toBe(true)
        }),
        { numRuns: MUTANTS, maxSkipsPerRun: 1_000 },
      )
      expect(tried).toBeGreaterThanOrEqual(MUTANTS)
    },
    120_000,
  )
})
