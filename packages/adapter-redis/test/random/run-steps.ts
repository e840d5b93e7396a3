/** Deeds that concern runs, as calls. */
import {
  type ClaimAtOnce,
  type ClaimedRun,
  type Debounce,
  type EnqueueRequest,
  jobGate,
  keyGate,
  mutexGate,
  type Settlement,
} from '@quarterjack/core/store'
import type { DeedNamed } from './deed.ts'
import { type Step, stepOf } from './step.ts'
import { type Claimed, JOBS, LEASE_MS, nextId, OTHER_NAME, pickOf, takeOf, type World } from './world.ts'

const NEVER_MS = 1_000_000_000

type Claiming = NonNullable<DeedNamed<'enqueue'>['claim']>
type Asked = DeedNamed<'enqueue'>['requests'][number]

export function enqueue(world: World, deed: DeedNamed<'enqueue'>): Step {
  const former = deed.again === null ? undefined : pickOf(world.requests, deed.again)
  const requests = former === undefined ? deed.requests.map((asked) => toRequest(world, asked)) : [former]
  const request = { requests, ...withClaim(world, deed.claim), now: world.now }
  return stepOf(
    'runs.enqueue',
    request,
    (store, asked) => store.runs.enqueue(asked),
    ({ replies }) => {
      world.requests.push(...requests)
      for (const { claimed } of replies) learnClaimed(world, claimed)
    },
  )
}

export function claim(world: World, { job, most, ...claiming }: DeedNamed<'claim'>): Step {
  const others = [...JOBS, OTHER_NAME].filter((name) => name !== job).map((name) => [name, 0])
  const perJob = Object.fromEntries([...others, ...(most === null ? [] : [[job, most]])]) as Readonly<Record<string, number>>
  const request = { ...toClaim(world, claiming), perJob, now: world.now }
  return stepOf(
    'runs.claim',
    request,
    (store, asked) => store.runs.claim(asked),
    ({ runs }) => {
      for (const one of runs) learnClaimed(world, one)
    },
  )
}

export function settle(world: World, deed: DeedNamed<'settle'>): Step | null {
  const again = deed.again === null ? undefined : pickOf(world.settlements, deed.again)
  if (again !== undefined) {
    const request = { owner: again.owner, settlements: [again.settlement], now: world.now }
    return stepOf('runs.settle', request, (store, asked) => store.runs.settle(asked))
  }
  const runs = deed.places.map((place) => takeOf(world.claimed, place)).filter((one) => one !== undefined)
  const owner = runs[0]?.owner
  if (owner === undefined || owner === null) return null
  const settlements = runs.map((run) => toSettlement(world, deed, run))
  const request = { owner, settlements: deed.isTwice ? [...settlements, ...settlements] : settlements, now: world.now }
  return stepOf(
    'runs.settle',
    request,
    (store, asked) => store.runs.settle(asked),
    ({ replies }) => {
      world.settlements.push(...settlements.map((settlement) => ({ owner, settlement })))
      runs.forEach((run, index) => {
        if (settlements[index]?.holdGates === true && replies[index]?.status === 'settled') world.stuck.push(run)
      })
    },
  )
}

export function releaseGates(world: World, { place }: DeedNamed<'releaseGates'>): Step | null {
  const run = takeOf(world.stuck, place)
  if (run?.owner === undefined || run.owner === null) return null
  const request = { owner: run.owner, runs: [{ runId: run.id, fence: run.fence }], now: world.now }
  return stepOf('runs.releaseGates', request, (store, asked) => store.runs.releaseGates(asked))
}

export function renew(world: World, deed: DeedNamed<'renew'>): Step {
  const owner = ownerOf(world, deed.owner)
  const refOf = ({ id, fence }: Claimed): { runId: string; fence: number } => ({ runId: id, fence })
  const started = deed.started.map((place) => pickOf(world.claimed, place)).filter((one) => one !== undefined)
  const inWork = deed.progress === null ? undefined : pickOf(world.claimed, deed.progress)
  const survived = deed.survived === null ? undefined : pickOf(world.formerOwners, deed.survived)
  const request = {
    owner,
    leaseMs: LEASE_MS,
    ...(deed.idleMs === 0 ? {} : { idleMs: deed.idleMs }),
    ...(deed.jobs === null ? {} : { jobs: deed.jobs.map((job) => ({ job, hash: deed.hash })) }),
    started: started.map(refOf),
    progress: inWork === undefined ? [] : [{ ...refOf(inWork), progress: `"${world.now}"` }],
    ...(survived === undefined ? {} : { survived }),
    now: world.now,
  }
  return stepOf(
    'runs.renew',
    request,
    (store, asked) => store.runs.renew(asked),
    ({ status }) => {
      if (status !== 'dead') return
      world.formerOwners.push(owner)
      world.owners.set(deed.owner, `${deed.owner}-${world.ids++}`)
    },
  )
}

export function leave(world: World, deed: DeedNamed<'leave'>): Step {
  const owner = (deed.isFormer ? pickOf(world.formerOwners, 0) : undefined) ?? ownerOf(world, deed.owner)
  return stepOf('runs.leave', { owner, now: world.now }, (store, asked) => store.runs.leave(asked))
}

export function cancel(world: World, { places, reason }: DeedNamed<'cancel'>): Step {
  const runs = places.map((place) => ({ id: pickOf(world.runIds, place) ?? 'nobody', reason }))
  return stepOf('runs.cancel', { runs, now: world.now }, (store, asked) => store.runs.cancel(asked))
}

/**
 * To its end: what a limit leaves for later is open. Not by age once the clock went back: records do not end in the order of
 * their ages then, and the reference stops at the first that is young enough.
 */
export function prune(world: World, { jobs, limit, succeeded, dead, forMs, graceMs }: DeedNamed<'prune'>): Step {
  const request = {
    rules: jobs.map((job) => ({ job, succeeded, dead, forMs: world.hasGoneBack ? NEVER_MS : forMs })),
    limit,
    graceMs,
    now: world.now,
  }
  return stepOf('runs.prune', request, async (store, asked) => {
    let pruned = 0
    for (;;) {
      const reply = await store.runs.prune(asked)
      if (reply.pruned > limit) throw new Error(`prune deleted ${reply.pruned} of at most ${limit}`)
      pruned += reply.pruned
      if (!reply.more) return { pruned }
    }
  })
}

export function ownerOf(world: World, name: string): string {
  return world.owners.get(name) ?? name
}

export function withClaim(world: World, claiming: Claiming | null): { readonly claim?: ClaimAtOnce } {
  return claiming === null ? {} : { claim: toClaim(world, claiming) }
}

export function learnClaimed(world: World, claimed: ClaimedRun | undefined): void {
  if (claimed !== undefined) world.claimed.push(claimed.record)
}

export function gateNames(job: string, key: string, { job: ofJob, key: ofKey, x, y }: Asked['gates']): readonly string[] {
  return [
    ...(ofJob ? [jobGate(job)] : []),
    ...(ofKey ? [keyGate(job, key)] : []),
    ...(x ? [mutexGate('x')] : []),
    ...(y ? [mutexGate('y')] : []),
  ]
}

function toClaim(world: World, { owner, limit, start, seen }: Claiming): ClaimAtOnce {
  // Somebody has seen a fence that this store has not given.
  return { owner: ownerOf(world, owner), leaseMs: LEASE_MS, limit, start, seenFence: seen ? world.now * 1_000 + 77 : 0 }
}

/** A run as drains and backfills ask for it. */
export function plainRequest(world: World, job: Asked['job']): EnqueueRequest {
  return toRequest(world, { ...PLAIN, job })
}

const PLAIN: Omit<Asked, 'job'> = {
  key: 'k',
  gates: { job: false, key: false, x: false, y: false },
  payload: null,
  priority: 0,
  delayMs: 0,
  runAt: null,
  skipWhenBusy: false,
  debounce: null,
  idempotency: null,
  slot: false,
}

function toRequest(world: World, asked: Asked): EnqueueRequest {
  const { job, key, payload, priority, delayMs, skipWhenBusy, debounce, idempotency, runAt, slot } = asked
  const id = nextId(world)
  world.runIds.push(id)
  return {
    id,
    job,
    key,
    trigger: debounce === null ? 'manual' : 'debounce',
    payload,
    triggers: 1,
    priority,
    delayMs,
    ...(runAt === null || debounce !== null ? {} : { runAt: world.now + runAt }),
    overlap: 'allow',
    skipWhenBusy,
    gates: gateNames(job, key, asked.gates),
    ...(debounce === null ? {} : { debounce: debounce as Debounce }),
    ...(idempotency === null ? {} : { idempotency: { key: idempotency, ttlMs: 2_000 } }),
    ...(slot ? { slot: world.now - 100, replayOf: 'run-x' } : {}),
  }
}

function toSettlement(world: World, deed: DeedNamed<'settle'>, run: Claimed): Settlement {
  const { then, outcome, startedAgo, hasError, holdGates, following } = deed
  return {
    runId: run.id,
    fence: run.fence,
    outcome: then.to === 'succeeded' ? 'succeeded' : outcome === 'succeeded' ? 'failed' : outcome,
    startedAt: startedAgo === null ? null : world.now - startedAgo,
    error: hasError ? { name: 'Error', message: 'ä "x"' } : null,
    then,
    ...(following === null || then.to !== 'succeeded' ? {} : { enqueue: [toRequest(world, following)] }),
    ...(holdGates && then.to !== 'released' ? { holdGates } : {}),
  }
}
