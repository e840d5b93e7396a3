/** Deeds that concern schedules and definitions, as calls. What they compare with is asked of the reference first. */
import type { Firing, ScheduleRecord, ScheduleWrite, SkipRange, Store } from '@quarterjack/core/store'
import type { DeedNamed } from './deed.ts'
import { gateNames, learnClaimed, withClaim } from './run-steps.ts'
import { type Step, stepOf } from './step.ts'
import { pickOf, type World } from './world.ts'

/** Between two slots of every schedule. */
const STEP_MS = 500

export async function fire(world: World, deed: DeedNamed<'fire'>, reference: Store): Promise<Step | null> {
  const { job, name } = deed
  const again = deed.again === null ? undefined : pickOf(world.firings, deed.again)
  const record = (await reference.schedules.get({ schedules: [{ job, name }] })).schedules[0]
  const firing = again ?? (record == null ? null : toFiring(world, deed, record))
  if (firing === null) return null
  const looked = deed.lookedAgo === null ? {} : { lookedAt: world.now - deed.lookedAgo }
  const request = { firings: [firing], ...withClaim(world, deed.claim), ...looked, now: world.now }
  return stepOf(
    'schedules.fire',
    request,
    (store, asked) => store.schedules.fire(asked),
    ({ replies }) => {
      if (again === undefined) world.firings.push(firing)
      for (const run of replies[0]?.runs ?? []) {
        if (!world.runIds.includes(run.id)) world.runIds.push(run.id)
        learnClaimed(world, run.claimed)
      }
    },
  )
}

export function set(world: World, deed: DeedNamed<'set'>): Step {
  const write = toWrite(world, { ...deed, key: deed.key ?? deed.name })
  return stepOf('schedules.set', { schedules: [write], now: world.now }, (store, asked) => store.schedules.set(asked))
}

export function remove(_: World, { job, name }: DeedNamed<'remove'>): Step {
  return stepOf('schedules.remove', { schedules: [{ job, name }] }, (store, asked) => store.schedules.remove(asked))
}

export async function quarantine(_: World, { job, name, isStale }: DeedNamed<'quarantine'>, reference: Store): Promise<Step | null> {
  const record = (await reference.schedules.get({ schedules: [{ job, name }] })).schedules[0]
  if (record == null) return null
  const { incarnation, generation, nextSlot } = record
  const looked = { job, name, incarnation, generation: isStale ? generation + 1 : generation, expectedSlot: nextSlot }
  return stepOf('schedules.quarantine', { schedules: [{ ...looked, reason: 'unreadable' }] }, (store, asked) =>
    store.schedules.quarantine(asked),
  )
}

export function suspend(world: World, { job, name, reason }: DeedNamed<'suspend'>): Step {
  const target = name === null ? { job, reason } : { job, name, reason }
  return stepOf('schedules.suspend', { targets: [target], now: world.now }, (store, asked) => store.schedules.suspend(asked))
}

export async function register(world: World, deed: DeedNamed<'register'>, reference: Store): Promise<Step> {
  const { job, hash, concurrency, rateLimit, statics, spec, renamedFrom, isStale } = deed
  const generation = (await reference.schedules.load({ jobs: [job] })).jobs[0]?.generation ?? 0
  const registration = {
    job,
    hash,
    expectedGeneration: isStale ? generation + 1 : generation,
    concurrency,
    rateLimit,
    schedules: statics.map((name) => toWrite(world, { job, name, key: 'k', spec, payload: null, ago: 0, isEmpty: false })),
    ...(renamedFrom === null || renamedFrom === job ? {} : { renamedFrom }),
  }
  return stepOf('schedules.register', { registrations: [registration], now: world.now }, (store, asked) => store.schedules.register(asked))
}

export function retire(world: World, { jobs }: DeedNamed<'retire'>): Step {
  return stepOf('schedules.retire', { jobs, now: world.now }, (store, asked) => store.schedules.retire(asked))
}

/** Ranges have ids of their own in each store: each counts the first that has no count. */
export function countSkips(_: World, { job, name, count }: DeedNamed<'countSkips'>): Step {
  return stepOf('schedules.countSkips', { job, name, count }, async (store) => {
    const { skips } = await store.schedules.ledger({ job, name, after: null, limit: 1_000 })
    const first = skips.find((skip) => skip.count === null) ?? skips[0]
    if (first === undefined) return null
    await store.schedules.countSkips({ job, name, counts: [{ id: first.id, count }] })
    return (await store.schedules.ledger({ job, name, after: null, limit: 1_000 })).schedule
  })
}

interface Written {
  readonly job: string
  readonly name: string
  readonly key: string
  readonly spec: string
  readonly payload: string | null
  readonly ago: number
  /** Without a slot. */
  readonly isEmpty: boolean
}

function toWrite(world: World, { job, name, key, spec, payload, ago, isEmpty }: Written): ScheduleWrite {
  const asOf = world.now - ago
  const next = isEmpty ? null : asOf + STEP_MS
  return { job, name, key, incarnation: `i${world.ids++}`, spec, payload, asOf, nextSlot: next, nextDueAt: next }
}

function toFiring(world: World, deed: DeedNamed<'fire'>, record: ScheduleRecord): Firing | null {
  const first = record.nextSlot
  if (first === null || ((record.nextDueAt ?? first) > world.now && !deed.isEarly)) return null
  const slots = Array.from({ length: deed.slots }, (_, index) => first + index * STEP_MS).filter(
    (slot, index) => index === 0 || slot <= world.now,
  )
  const last = slots.at(-1) ?? first
  const skip: SkipRange | null =
    deed.skips === null
      ? null
      : { reason: deed.skips.reason, from: last + STEP_MS, to: last + 2 * STEP_MS, count: deed.skips.isCounted ? 2 : null }
  const through = skip?.to ?? last
  const next = deed.isLast ? null : through + STEP_MS
  return {
    job: deed.job,
    name: deed.name,
    incarnation: record.incarnation,
    generation: record.generation,
    expectedSlot: first,
    through,
    nextSlot: next,
    nextDueAt: next === null ? null : next + deed.jitter,
    runs: slots.map((slot) => ({
      id: `${record.incarnation}-${slot}`,
      slot,
      runAt: slot,
      priority: 0,
      overlap: deed.overlap,
      queueLimit: deed.queueLimit,
      gates: gateNames(deed.job, record.key, deed.gates),
    })),
    skips: skip === null ? [] : [skip],
  }
}
