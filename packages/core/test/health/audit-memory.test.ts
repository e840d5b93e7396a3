import { describe, expect, it } from 'vitest'
import { auditSchedules } from '../../src/health/audit.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { slotRunId } from '../../src/random/ids.ts'
import { type Random, seededRandom } from '../../src/random/random.ts'
import { dueAt } from '../../src/schedule/jitter.ts'
import { nextFiringSlot } from '../../src/schedule/next-slots.ts'
import { planSlots } from '../../src/schedule/plan-slots.ts'
import { parseSpec } from '../../src/schedule/resolve-spec.ts'
import type { ScheduleRecord } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { cronSpec, everySpec, START } from './ledgers.ts'

const JOB = 'feedback'
const NAME = 'k'
const SECOND = 1_000
const HOUR = 3_600 * SECOND

const SPECS = [
  everySpec(10 * SECOND),
  everySpec(7 * SECOND, { jitterMs: 5_000 }),
  everySpec(60 * SECOND, { excludeRanges: [[START + HOUR, START + 3 * HOUR]] }),
  cronSpec('*/15 * * * * *'),
  cronSpec('0 * * * * *'),
]
const FUNCTIONS = [[], [], [(slot: Date) => slot.getUTCMinutes() % 10 < 5]]

/** The engine's part in short: what is due is planned and fired, until nothing is. */
async function fireAll(store: Store, functions: readonly ((slot: Date) => boolean)[], now: number, random: Random): Promise<void> {
  const modes = [{ mode: 'latest' }, { mode: 'none' }, { mode: 'all', limit: 5, withinMs: null }] as const
  for (;;) {
    const [record] = (await store.schedules.get({ schedules: [{ job: JOB, name: NAME }] })).schedules
    if (!record || record.suspended !== null || record.nextSlot === null || Number(record.nextDueAt) > now) return
    const { incarnation, generation, cursor, nextSlot, suspendedStretches } = record
    const plan = planSlots({
      spec: parseSpec(record.spec),
      functions,
      seed: NAME,
      cursor,
      nextSlot,
      now,
      misfireAfterMs: 35_000,
      catchUp: modes[Math.floor(random() * modes.length)] ?? modes[0],
      suspendedStretches,
    })
    const runs = plan.runs.map((slot) => ({
      id: slotRunId(incarnation, slot),
      slot,
      runAt: slot,
      priority: 0,
      overlap: random() < 0.5 ? ('skip' as const) : ('allow' as const),
      queueLimit: 1,
      gates: [],
    }))
    await store.schedules.fire({ firings: [{ ...plan, job: JOB, name: NAME, incarnation, generation, expectedSlot: nextSlot, runs }], now })
  }
}

async function setSchedule(
  store: Store,
  write: { spec: string; functions: readonly ((slot: Date) => boolean)[]; asOf: number; now: number; incarnation: string },
): Promise<void> {
  const { spec, functions, asOf, now, incarnation } = write
  const parsed = parseSpec(spec)
  const nextSlot = nextFiringSlot(parsed, functions, asOf)
  const nextDueAt = nextSlot === null ? null : dueAt(parsed, NAME, nextSlot)
  await store.schedules.set({
    schedules: [{ job: JOB, name: NAME, key: NAME, incarnation, spec, payload: null, asOf, nextSlot, nextDueAt }],
    now,
  })
}

async function walk(seed: number): Promise<{ readonly store: Store; readonly audits: number; readonly record: ScheduleRecord | null }> {
  const random = seededRandom(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const incarnation = (): string =>
    `01890000-0000-7000-8${Math.floor(random() * 4_096)
      .toString(16)
      .padStart(3, '0')}-0123456789ab`
  let now = START + Math.floor(random() * 10_000)
  const store = memoryStore({ clock: { now: () => now } as never })
  // Those of an incarnation stay: the memory store does not tell which slots a past definition had left out by function.
  let functions = pick(FUNCTIONS)
  let audits = 0
  await setSchedule(store, { spec: pick(SPECS), functions, asOf: now, now, incarnation: incarnation() })
  const audit = async (): Promise<void> => {
    const report = await auditSchedules(store)
    expect(report.violations, `seed ${seed}`).toEqual([])
    expect(report).toMatchObject({ ok: true, complete: true })
    const [record] = (await store.schedules.get({ schedules: [{ job: JOB, name: NAME }] })).schedules
    if (record?.horizon === null) expect(report.attested, `seed ${seed}`).toBe(0)
    audits += 1
  }
  for (let step = 0; step < 40; step += 1) {
    now += Math.floor(random() * (random() < 0.1 ? 6 * HOUR : 60 * SECOND))
    const dice = random()
    if (dice < 0.5) await fireAll(store, functions, now, random)
    else if (dice < 0.6) {
      // A process knows the store's time as it last read it.
      await setSchedule(store, { spec: pick(SPECS), functions, asOf: now - Math.floor(random() * 2_000), now, incarnation: incarnation() })
    } else if (dice < 0.65) {
      functions = pick(FUNCTIONS)
      await store.schedules.remove({ schedules: [{ job: JOB, name: NAME }] })
      await setSchedule(store, { spec: pick(SPECS), functions, asOf: now - Math.floor(random() * 2_000), now, incarnation: incarnation() })
    } else if (dice < 0.75) {
      await store.schedules.suspend({ targets: [{ job: JOB, name: NAME, reason: random() < 0.5 ? 'on purpose' : null }], now })
    } else if (dice < 0.85) {
      const { runs } = await store.runs.find({ job: JOB, states: ['pending'], limit: 100 })
      await store.runs.cancel({ runs: runs.filter(() => random() < 0.7).map(({ id }) => ({ id, reason: 'x' })), now })
    } else if (dice < 0.92) await store.runs.prune({ rules: [{ job: JOB, succeeded: 2, dead: 2, forMs: 10 * HOUR }], limit: 20, now })
    else await audit()
  }
  await audit()
  const [record] = (await store.schedules.get({ schedules: [{ job: JOB, name: NAME }] })).schedules
  return { store, audits, record: record ?? null }
}

const WALKS = process.env.QJ_TEST_TIER === undefined ? 60 : 3_000

describe('an audit of the memory store', () => {
  it('proves the slots between the planning of a schedule and its writing', async () => {
    const store = memoryStore({ clock: { now: () => START + 3_500 } as never })
    const written = { functions: [], asOf: START + 500, now: START + 3_500, incarnation: '01890000-0000-7000-8abc-0123456789ab' }
    await setSchedule(store, { ...written, spec: everySpec(SECOND) })
    await fireAll(store, [], START + 5_500, () => 0.9)
    expect(await auditSchedules(store)).toMatchObject({ violations: [], proven: 5, attested: 0 })
    // A change: what the old definition owed up to then, and what the new one owes since.
    await setSchedule(store, { ...written, spec: everySpec(2 * SECOND), asOf: START + 6_500, now: START + 9_500 })
    await fireAll(store, [], START + 10_500, () => 0.9)
    expect(await auditSchedules(store)).toMatchObject({ violations: [], proven: 8, attested: 0 })
  })

  it('finds nothing wrong with whatever planner and store did together', async () => {
    let slots = 0
    let pruned = 0
    for (let seed = 1; seed <= WALKS; seed += 1) {
      const { record } = await walk(seed)
      slots += record?.slots ?? 0
      pruned += record?.horizon === null ? 0 : 1
    }
    // The walks did go somewhere.
    expect(slots).toBeGreaterThan(WALKS * 100)
    expect(pruned).toBeGreaterThan(WALKS / 10)
  }, 300_000)
})
