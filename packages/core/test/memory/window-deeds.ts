/** What may happen in a world of windows: writers, drains, refreshes that end well or badly or never, operators. */
import assert from 'node:assert/strict'
import { claim } from '../../src/memory/claim.ts'
import { drain } from '../../src/memory/drain.ts'
import { enqueue } from '../../src/memory/enqueue.ts'
import { collect, mark } from '../../src/memory/marks.ts'
import { commitWindows, failWindows } from '../../src/memory/refreshes.ts'
import { renew } from '../../src/memory/renew.ts'
import { settle } from '../../src/memory/settle.ts'
import { claimWindows } from '../../src/memory/window-claims.ts'
import type { Mark, MarkKind } from '../../src/store/window-records.ts'
import type { MarkGroup, WindowBid } from '../../src/store/windows.ts'
import { HOURS, STEP, type ModelMark, type ModelRollup, type ModelWindow, type ModelWorker } from './window-model.ts'
import { buryExpired, defineAs, endModelWorker, pick, writtenTo, type WindowWorld } from './window-world.ts'

const LEASE = 8_000
const JOB = 'refresh'
const KINDS: readonly MarkKind[] = ['added', 'changed', 'removed']

const hourOf = (world: WindowWorld): number => Math.floor(world.random() * HOURS)
const spanOf = (hour: number): { start: number; end: number } => ({ start: hour * STEP, end: (hour + 1) * STEP })

export function passTime(world: WindowWorld): void {
  world.now += pick(world, [1, 100, 900, 2_500])
}

/** Rows are written, and then marked. */
export function write(world: WindowWorld): void {
  const from = hourOf(world)
  const to = Math.min(HOURS, from + pick(world, [1, 1, 1, 2, 3]))
  const marks = [noteWrite(world, pick(world, ['calls', 'spans']), [from, to])]
  mark(world.state, { marks, now: world.now })
}

function noteWrite(world: WindowWorld, source: string, [from, to]: readonly [number, number]): Mark {
  const hours = world.written.get(source) ?? []
  for (let hour = from; hour < to; hour++) hours[hour] = (hours[hour] ?? 0) + 1
  const kind = pick(world, KINDS)
  world.marks.push({ source, from, to, kind, markedAt: world.now, until: 0, id: null })
  return { source, from: from * STEP, to: to * STEP, kind }
}

/** A process reads the log; when it comes to draining, others may have been faster. */
export function collectSome(world: WindowWorld): void {
  const { sources } = collect(world.state, { limit: pick(world, [1, 3, 100]), now: world.now })
  for (const marked of sources) {
    const open = world.marks.filter(({ source, until }) => source === marked.source && until <= world.now)
    for (const [index, { id, from, to, kind, markedAt }] of marked.marks.entries()) {
      const known = open[index]
      assert.ok(known !== undefined, 'a mark that nobody made')
      known.id ??= id
      assert.deepEqual({ id, from, to, kind, markedAt }, { ...shownMark(known), id: known.id })
    }
    assert.equal(marked.more, open.length > marked.marks.length)
    world.collected.push({ marked, version: world.versions.get(marked.source) ?? 0 })
  }
}

function shownMark({ from, to, kind, markedAt }: ModelMark): object {
  return { from: from * STEP, to: to * STEP, kind, markedAt }
}

export function drainOne(world: WindowWorld): void {
  const one = world.collected.splice(Math.floor(world.random() * world.collected.length), 1)[0]
  if (one === undefined) return
  const { source, token, marks, rollups } = one.marked
  const known = marks.map(({ id }) => world.marks.find((mark) => mark.source === source && mark.id === id))
  const digested: ModelMark[] = []
  const parked: { id: number; until: number; known: ModelMark }[] = []
  const narrowed: { id: number; from: number; to: number; known: ModelMark }[] = []
  const groups: (MarkGroup & { readonly hours: readonly number[] })[] = []
  for (const [index, { id, markedAt, kind }] of marks.entries()) {
    const mine = known[index]
    if (mine === undefined) continue
    const dice = world.random()
    if (dice < 0.1) continue
    if (dice < 0.2) {
      parked.push({ id, until: world.now + 1_500, known: mine })
      continue
    }
    const isCut = dice < 0.4 && mine.to - mine.from > 1
    const hours = Array.from({ length: isCut ? 1 : mine.to - mine.from }, (_, step) => mine.from + step)
    const windows = rollups.flatMap(({ rollup }) => hours.map((hour) => ({ rollup, ...spanOf(hour) })))
    groups.push({ marks: isCut ? [] : [id], markedAt, removed: kind === 'removed', windows, hours })
    if (isCut) narrowed.push({ id, from: (mine.from + 1) * STEP, to: mine.to * STEP, known: mine })
    else digested.push(mine)
  }
  const request = { source, token, groups, parked, narrowed, sealed: [], enqueue: [] }
  const reply = drain(world.state, { drains: [request], now: world.now }).replies[0]
  const isCurrent = one.version === world.versions.get(source)
  assert.deepEqual(reply, { status: isCurrent ? 'drained' : 'stale', left: [] })
  if (!isCurrent) return
  world.versions.set(source, one.version + 1)
  world.marks = world.marks.filter((mark) => !digested.includes(mark))
  for (const { known: mine, until } of parked) mine.until = until
  for (const { known: mine } of narrowed) mine.from++
  for (const { hours, markedAt, removed } of groups) {
    for (const rollup of world.rollups.filter(({ sources }) => sources.includes(source))) {
      for (const hour of hours) digest(rollup.windows[hour] as ModelWindow, { markedAt, removed })
    }
  }
}

function digest(window: ModelWindow, change: ModelWindow['unseen'][number]): void {
  window.unseen.push(change)
  window.isSuspect = false
  if (window.retryAt === null) forgetFailure(window)
}

function forgetFailure(window: ModelWindow): void {
  window.attempts = 0
  window.isFailed = false
  window.retryAt = null
}

export function startWorker(world: WindowWorld): ModelWorker {
  const owner = `o${++world.ids}`
  const { state, now } = world
  enqueue(state, {
    requests: [
      {
        id: `r${world.ids}`,
        job: JOB,
        key: '',
        trigger: 'manual',
        payload: null,
        triggers: 1,
        priority: 0,
        delayMs: 0,
        overlap: 'allow',
        skipWhenBusy: false,
        gates: [],
      },
    ],
    now,
  })
  buryExpired(world)
  renew(state, { owner, leaseMs: LEASE, jobs: [{ job: JOB, hash: '' }], started: [], progress: [], now })
  const { runs } = claim(state, { owner, leaseMs: LEASE, limit: 1, start: 1, seenFence: 0, now })
  assert.equal(runs.length, 1)
  const { id: runId, fence } = (runs[0] as (typeof runs)[number]).record
  const worker = { owner, runId, fence, expiresAt: now + LEASE, alive: true }
  world.workers.push(worker)
  return worker
}

/** Mostly one that lives. */
function anyWorker(world: WindowWorld): ModelWorker {
  const alive = world.workers.filter((worker) => worker.alive)
  if (alive.length === 0) return startWorker(world)
  return pick(world, world.random() < 0.85 ? alive : world.workers)
}

/** Mostly one that holds windows. */
function anyHolder(world: WindowWorld): ModelWorker {
  const holders = world.rollups.flatMap(({ windows }) => windows.flatMap(({ hold }) => hold?.worker ?? []))
  return holders.length > 0 && world.random() < 0.9 ? pick(world, holders) : anyWorker(world)
}

/** Mostly one of whose windows the worker holds some. */
function anyRollup(world: WindowWorld, worker: ModelWorker): ModelRollup {
  const held = world.rollups.filter(({ windows }) => windows.some(({ hold }) => hold?.worker === worker))
  return pick(world, held.length > 0 && world.random() < 0.9 ? held : world.rollups)
}

export function endWorker(world: WindowWorld): void {
  const worker = anyWorker(world)
  const then = pick(world, [
    { to: 'succeeded', result: null },
    { to: 'retry', delayMs: 0 },
  ] as const)
  const settlement = { runId: worker.runId, fence: worker.fence, outcome: 'succeeded', startedAt: world.now, error: null, then } as const
  settle(world.state, { owner: worker.owner, settlements: [settlement], now: world.now })
  endModelWorker(world, worker)
}

const WHENS: readonly WindowBid['when'][] = ['any', 'any', 'dirty', 'missing', 'stamped']

export function claimSome(world: WindowWorld): void {
  const rollup = pick(world, world.rollups)
  const hours = [...new Set([hourOf(world), hourOf(world), hourOf(world)])]
  const bids = hours.map((hour) => ({ ...spanOf(hour), dueAt: (hour + 1) * STEP, when: pick(world, WHENS) }))
  claimBids(world, anyWorker(world), { rollup, bids })
}

/** Bids for windows of one rollup. */
export function claimBids(
  world: WindowWorld,
  worker: ModelWorker,
  { rollup, bids }: { readonly rollup: ModelRollup; readonly bids: readonly WindowBid[] },
): void {
  const { runId, fence } = worker
  buryExpired(world)
  const claims = [{ rollup: rollup.name, generation: rollup.generation, runId, fence, windows: bids }]
  const reply = claimWindows(world.state, { claims, now: world.now }).replies[0]
  assert.equal(reply?.status, worker.alive ? 'claimed' : 'stale')
  const due = worker.alive ? bids.filter((bid) => isFree(rollup, worker, bid)) : []
  assert.deepEqual(
    reply?.windows.map(({ start }) => start),
    due.map(({ start }) => start),
  )
  for (const [index, { start, dueAt }] of due.entries()) {
    const hour = start / STEP
    const window = rollup.windows[hour] as ModelWindow
    if (window.unseen.length === 0) window.unseen.push({ markedAt: world.now, removed: false })
    const told = { seq: reply?.windows[index]?.seq ?? -1, known: window.unseen.length, read: writtenTo(world, rollup, hour) }
    const taken = window.hold ?? { worker, changes: window.unseen.length, isDue: world.now >= dueAt, backfill: window.backfill, ...told }
    // A claim of what it holds changes nothing; it may be a first try that comes late, and nobody hears its reply.
    window.hold = world.random() < 0.5 ? taken : { ...taken, ...told }
  }
}

function isFree({ windows, watermark }: ModelRollup, worker: ModelWorker, { start, when }: WindowBid): boolean {
  const window = windows[start / STEP] as ModelWindow
  if (window.hold !== null && window.hold.worker !== worker) return false
  if (when === 'dirty') return window.unseen.length > 0
  if (when === 'missing') return start / STEP >= watermark && !window.isComplete
  return when === 'any' || window.backfill?.state === 'running'
}

/** A refresh ends well: some of what a worker holds is committed, perhaps with something that it does not hold. */
export function commitSome(world: WindowWorld): void {
  const worker = anyHolder(world)
  const rollup = anyRollup(world, worker)
  const held = [...rollup.windows.entries()].filter(([, { hold }]) => hold?.worker === worker && world.random() < 0.8)
  const foreign = world.random() < 0.1 ? hourOf(world) : null
  const isForeign = foreign !== null && rollup.windows[foreign]?.hold?.worker !== worker
  const windows = held.map(([hour, { hold }]) => ({
    start: hour * STEP,
    seq: hold?.seq ?? 0,
    suspect: world.random() < 0.1 ? 'no rows' : undefined,
  }))
  if (isForeign) windows.push({ start: foreign * STEP, seq: -1, suspect: undefined })
  if (windows.length === 0) return
  const isCurrent = world.random() < 0.9
  const generation = isCurrent ? rollup.generation : rollup.generation - 1
  const expected = !worker.alive ? 'stale' : !isCurrent ? 'redefined' : isForeign ? 'stale' : 'committed'
  const marks = rollup.name === 'a' && expected === 'committed' ? held.map(([hour]) => noteWrite(world, 'rollup:a', [hour, hour + 1])) : []
  const commit = { rollup: rollup.name, generation, runId: worker.runId, fence: worker.fence, windows, marks }
  const send = (): string => commitWindows(world.state, { commits: [commit], now: world.now }).replies[0]?.status ?? ''
  assert.equal(send(), expected)
  if (expected !== 'committed') return
  world.commits++
  for (const [index, [, window]] of held.entries()) refreshed(window, windows[index]?.suspect !== undefined)
  if (world.random() < 0.3) assert.equal(send(), 'committed', 'the same commit again')
}

function refreshed(window: ModelWindow, isSuspect: boolean): void {
  const { hold } = window
  if (hold === null) return
  window.hold = null
  window.unseen = window.unseen.slice(window.unseen.length === hold.known ? hold.known : hold.changes)
  window.seen = hold.read
  window.isSuspect = isSuspect && window.unseen.length === 0
  window.isRefreshed = true
  window.isComplete ||= hold.isDue
  forgetFailure(window)
  if (hold.backfill === null || hold.backfill !== window.backfill) return
  hold.backfill.done++
  window.backfill = null
}

export function failSome(world: WindowWorld): void {
  const worker = anyHolder(world)
  const rollup = anyRollup(world, worker)
  const held = [...rollup.windows.entries()].filter(([, { hold }]) => hold?.worker === worker)
  if (held.length === 0) return
  const retryDelayMs = pick(world, [null, 0, 1_500])
  const windows = held.map(([hour]) => ({ start: hour * STEP, error: { name: 'Error', message: 'x' }, retryDelayMs }))
  const failures = [{ rollup: rollup.name, generation: rollup.generation, runId: worker.runId, fence: worker.fence, windows }]
  const send = (): readonly string[] => failWindows(world.state, { failures, now: world.now }).replies
  assert.deepEqual(send(), ['failed'])
  if (world.random() < 0.3) assert.deepEqual(send(), ['failed'], 'the same failure again')
  for (const [, window] of held) failed(world, window, retryDelayMs)
}

function failed(world: WindowWorld, window: ModelWindow, retryDelayMs: number | null): void {
  const { hold } = window
  window.hold = null
  window.attempts++
  window.isFailed = true
  window.retryAt = retryDelayMs === null ? null : world.now + retryDelayMs
  if (retryDelayMs !== null || hold === null) return
  if (window.unseen.length > hold.changes) forgetFailure(window)
  if (hold.backfill === null || hold.backfill !== window.backfill) return
  hold.backfill.failed++
  window.backfill = null
}

export function redefine(world: WindowWorld): void {
  const rollup = pick(world, world.rollups)
  defineAs(world, rollup, world.random() < 0.3 ? rollup.edges + 1 : rollup.edges)
}
