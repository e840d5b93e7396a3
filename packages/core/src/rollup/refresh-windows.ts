/** The body of a rollup's run: looks, plans, claims and refreshes, until nothing is left or its time is over. */
import type { WindowRecord } from '../store/window-records.ts'
import type { RollupState, WindowBid } from '../store/windows.ts'
import { drainMarks } from './drain-marks.ts'
import { dueEdge, floorEdge } from './due.ts'
import { batchSize } from './pace.ts'
import { isGivenUp, planRefresh, type RefreshPlan } from './plan-refresh.ts'
import { type BatchEnd, refreshBatch } from './refresh-batch.ts'
import { createRefreshWork, endOf, lookAtRollup, type RefreshEnd, type RefreshRun, type RefreshWork, staleRun } from './refresh-work.ts'

/** Records that one look at the state brings, beside those of windows within their grace. */
const LOOK = 1_000
const MOST_LOOK = 5_000
/** A run whose definition is not the stored one comes back after this long, perhaps on a node that knows it. */
const REDEFINED_MS = 5_000
/** Windows that were given up, and that a sweep tries again. */
const MOST_GIVEN_UP = 1_000
/** So often a sweep drains at most before it refreshes; what is left has debounced runs of its own. */
const MOST_SWEEP_DRAINS = 10

/** What a run knows beside its work. */
interface Progress {
  readonly isSweep: boolean
  readonly taken: Set<number>
  looksBack: boolean
  drainedAt: number | null
  drains: number
  page: number | null
  /** Watermark from which it could not be moved. */
  stuckAt: number | null
  /** Of a sweep: what had been given up when it began; null: not looked yet. */
  givenUp: readonly WindowRecord[] | null
}

/**
 * Refreshes what is due, changed, or in sight, and was not refreshed by others. A run that was not made by marks alone (`debounce`) is a
 * sweep. Throws what aborted the run, `StaleLease`, or what the store throws: windows that it held are free then, and dirty. Where the
 * rollup was defined anew, it leaves the windows to those that know the new definition.
 */
export async function refreshWindows(run: RefreshRun): Promise<RefreshEnd> {
  const work = createRefreshWork(run)
  const progress: Progress = {
    isSweep: run.ctx.trigger !== 'debounce',
    taken: new Set(),
    looksBack: false,
    drainedAt: null,
    drains: 0,
    page: null,
    stuckAt: null,
    givenUp: null,
  }
  for (;;) {
    run.ctx.signal.throwIfAborted()
    const looked = await look(work, progress)
    if (looked === null) return redefined(work)
    const { plan, now } = looked
    progress.looksBack = plan.looksBack
    if (mustDrain(looked, progress) && !work.isOver() && (await drainSources(work, progress))) continue
    const hasPassed = plan.pass !== null && plan.pass.expected !== progress.stuckAt
    if (hasPassed) await passWindows(work, plan.pass, progress)
    const isDone = plan.bids.length === 0 && plan.page === null && !hasPassed
    if (isDone || work.isOver()) return endOf(work, { left: plan.bids.length, nextAt: isDone ? plan.lookAt : now })
    if (plan.bids.length === 0) {
      progress.page = plan.page
      continue
    }
    const ended = await takeBatch(work, looked, progress)
    if (ended === null) {
      // Whoever holds them refreshes them, or leaves them free when it ends.
      if (!looked.state.more) return endOf(work, { left: 0, nextAt: plan.lookAt })
      progress.page = looked.state.ahead.at(-1)?.start ?? null
      continue
    }
    progress.page = null
    if (ended.kind === 'redefined') return redefined(work)
    if (ended.kind === 'stop') return endOf(work, { left: plan.bids.length, nextAt: now + ended.retryMs })
  }
}

function redefined(work: RefreshWork): RefreshEnd {
  work.ctx.log.info(
    { rollup: work.rollup.name, generation: work.generation },
    'the rollup was defined anew; its windows are left to those that know it',
  )
  return endOf(work, { left: 0, nextAt: work.lookedAt === null ? null : work.lookedAt + REDEFINED_MS, isRedefined: true })
}

/** Whoever asks for a sweep means what was written before it as well: marks that nobody has drained yet. */
function mustDrain({ plan, state }: Looked, { isSweep, drains, drainedAt }: Progress): boolean {
  return drainedAt === null && (plan.needsDrain || (isSweep && state.hasMarks && drains < MOST_SWEEP_DRAINS))
}

interface Looked {
  readonly state: RollupState
  readonly plan: RefreshPlan
  readonly now: number
}

async function look(work: RefreshWork, progress: Progress): Promise<Looked | null> {
  const { policy } = work.rollup
  const { isSweep, taken, looksBack, drainedAt, page } = progress
  // Changed windows within their grace may stand before all others, and are not to be refreshed yet.
  const limit = Math.min(MOST_LOOK, LOOK + Math.ceil(policy.planning.graceMs / policy.windows.grain.stepMs))
  const found = await lookAtRollup(work, { limit, after: page })
  if (found === null) return null
  const { now, children } = found
  if (progress.isSweep) progress.givenUp ??= found.state.counts.failed === 0 ? [] : await listGivenUp(work, now)
  const state = { ...found.state, dirty: [...found.state.dirty, ...(progress.givenUp ?? [])] }
  const facts = {
    rollup: policy,
    state,
    now,
    runId: work.ctx.runId,
    children,
    isSweep,
    looksBack,
    taken,
    drainedAt,
    page,
    most: 2 * policy.batch.most,
  }
  return { state, now, plan: planRefresh(facts) }
}

/** A sweep tries again what was given up: a deploy may have mended it. */
async function listGivenUp(work: RefreshWork, now: number): Promise<readonly WindowRecord[]> {
  const { name, policy } = work.rollup
  const range = { rollup: name, from: floorEdge(policy, now), to: dueEdge(policy, now), limit: MOST_GIVEN_UP }
  const { windows } = await work.deps.call('windows.list', (store) => store.list(range))
  return windows.filter((record) => isGivenUp(record) && record.dirtySince !== null)
}

async function passWindows(work: RefreshWork, plan: RefreshPlan['pass'], progress: Progress): Promise<void> {
  if (plan === null) return
  const pass = { rollup: work.rollup.name, generation: work.generation, ...plan }
  const { passed } = await work.deps.call('windows.pass', (windows) => windows.pass({ passes: [pass] }))
  // Whoever moved it meanwhile has changed what is seen next.
  progress.stuckAt = passed[0] === true ? null : plan.expected
}

/** Whether it is worth looking again. */
async function drainSources({ rollup, deps }: RefreshWork, progress: Progress): Promise<boolean> {
  progress.drains++
  const pass = await drainMarks(deps, { sources: rollup.policy.sources })
  if (pass.more) return pass.digested > 0
  if (pass.left === 0 && pass.unreadable.length === 0) progress.drainedAt = pass.storeNow
  return progress.drainedAt !== null
}

/** Claims and refreshes the next batch; null when others hold all that could be claimed. */
async function takeBatch(work: RefreshWork, { state, plan }: Looked, { taken }: Progress): Promise<BatchEnd | null> {
  const records = [...state.dirty, ...state.ahead]
  const size = batchSize(work.pace, work.rollup.policy.batch)
  for (let from = 0; from < plan.bids.length; from += size) {
    const bids = plan.bids.slice(from, from + size)
    const claimed = await claim(work, bids)
    if (claimed === 'redefined') return { kind: 'redefined' }
    // What was refused is held by others, or refreshed by them.
    for (const { start } of bids) taken.add(start)
    if (claimed.windows.length > 0) return refreshBatch(work, claimed.windows, { now: claimed.storeNow, ...factsOf(records) })
  }
  return null
}

async function claim(work: RefreshWork, windows: readonly WindowBid[]): Promise<'redefined' | Claimed> {
  const { replies, storeNow } = await work.deps.call('windows.claim', (store) => store.claim({ claims: [{ ...work.refresher, windows }] }))
  const reply = replies[0]
  if (reply === undefined || reply.status === 'stale') throw staleRun(work)
  return reply.status === 'redefined' ? 'redefined' : { windows: reply.windows, storeNow }
}

type Claimed = { readonly windows: Parameters<typeof refreshBatch>[1]; readonly storeNow: number }

function factsOf(records: readonly WindowRecord[]): {
  readonly attempts: ReadonlyMap<number, number>
  readonly marked: ReadonlySet<number>
} {
  return {
    attempts: new Map(records.map(({ start, attempts }) => [start, attempts])),
    marked: new Set(records.filter(({ dirtySince }) => dirtySince !== null).map(({ start }) => start)),
  }
}
