/** Checks everything that must hold inside a memory store between two verbs. */
import assert from 'node:assert/strict'
import type { Chain } from '../../src/memory/chain.ts'
import type { JobRow, KeyRow, OwnerRow, RunRow } from '../../src/memory/rows.ts'
import { isSaturated, rateOpensAt } from '../../src/memory/run-index.ts'
import type { MemoryState } from '../../src/memory/state.ts'
import { isTerminal } from '../../src/run/run-state.ts'

/** Throws when an index, a count or a gate does not agree with the runs themselves. */
export function checkState(state: MemoryState): void {
  for (const row of state.runs.values()) checkRun(state, row)
  for (const job of state.jobs.values()) checkJob(state, job)
  for (const owner of state.owners.values()) checkOwner(owner)
  checkGates(state)
  checkLines(state)
}

/** Runs that could be claimed by someone who knows every job, but stand still: there must be none after such a claim. */
export function idleRuns(state: MemoryState): readonly string[] {
  return [...state.runs.values()].filter((row) => isIdle(state, row)).map((row) => `${row.id} (${row.state}) at ${row.gates.join(', ')}`)
}

function isIdle(state: MemoryState, row: RunRow): boolean {
  const { job } = row
  if ((row.state !== 'pending' && row.state !== 'waiting') || row.runAt > state.now || row.suspect) return false
  if (job.suspended !== null || rateOpensAt(job, state.now) > state.now || isSaturated(state, job)) return false
  return row.gates.every((name) => {
    const gate = state.gates.get(name)
    return gate === undefined || gate.held < gate.limit
  })
}

function checkRun(state: MemoryState, row: RunRow): void {
  const { job, key, line } = row
  const what = `${row.id} is ${row.state}`
  assert.ok(state.jobs.get(job.name) === job && job.keys.get(key.name) === key, `${what}: its job or key is another one`)
  assert.equal(row.owner === null, row.state !== 'running', `${what}: owner`)
  assert.equal(row.finishedAt !== null, isTerminal(row.state), `${what}: finishedAt`)
  assert.equal(row.aliveLink === null, isTerminal(row.state), `${what}: among the living`)
  assert.equal(row.ageLink === null, !isTerminal(row.state), `${what}: in history`)
  assert.equal(line === null, row.state !== 'waiting', `${what}: line`)
  if (row.state === 'waiting') assert.ok(row.heap === line?.runs, `${what}: not in its line`)
  if (row.state !== 'pending') assert.ok(row.promotedBy === null, `${what}: still let go`)
  else if (row.heap === job.delayed) assert.ok(row.promotedBy === null, `${what}: let go, but delayed`)
  else if (row.promotedBy !== null) assert.ok(row.heap === job.ready, `${what}: let go, but not for everybody to claim`)
  else assert.ok(row.heap === (row.suspect ? job.suspects : job.ready), `${what}: wrong heap`)
  if (row.heap !== null) assert.ok(row.heap.items[row.heapIndex] === row, `${what}: wrong place in its heap`)
  if (row.open) assert.ok(key.open === row, `${what}: open, but unknown to its key`)
}

function checkJob(state: MemoryState, job: JobRow): void {
  const rows = [...job.runs.above(0)]
  assert.deepEqual(
    rows,
    rows.toSorted((a, b) => a.sequence - b.sequence),
    `${job.name}: runs out of order`,
  )
  assert.ok(
    rows.every((row) => state.runs.get(row.id) === row),
    `${job.name}: keeps runs that are gone`,
  )
  const counts = { pending: 0, waiting: 0, running: 0 }
  for (const { state: at } of rows) if (at in counts) counts[at as keyof typeof counts]++
  assert.deepEqual({ pending: job.pending, waiting: job.waiting, running: job.running }, counts, job.name)
  assert.equal(job.ready.size + job.suspects.size + job.delayed.size, job.pending, `${job.name}: pending runs in heaps`)
  for (const key of job.keys.values()) checkKey(key)
  const hasDue = job.ready.size + job.suspects.size > 0
  const isOpen = job.suspended === null && hasDue && rateOpensAt(job, state.now) <= state.now && !isSaturated(state, job)
  // A step back of the clock is noticed by the next claim.
  if (isOpen && state.now >= state.advancedTo)
    assert.ok(state.readyJobs.has(job) || job.timed.at <= state.now, `${job.name}: has due runs, but no turn`)
  if (job.suspended !== null || !hasDue) assert.ok(!state.readyJobs.has(job), `${job.name}: has a turn, but nothing to claim`)
  const dueAt = job.suspended === null ? job.schedules.earliestDueAt() : null
  assert.equal(job.due.at, dueAt ?? Number.POSITIVE_INFINITY, `${job.name}: due`)
  for (const entry of [job.due, job.timed]) assert.equal(entry.heapIndex === -1, entry.at === Number.POSITIVE_INFINITY, job.name)
}

function checkKey(key: KeyRow): void {
  const what = `(${key.job.name}, ${key.name})`
  const alive = itemsOf(key.alive)
  assert.ok(
    alive.every((row) => row.key === key && !isTerminal(row.state)),
    `${what}: counts the dead among the living`,
  )
  assert.equal(key.busy, alive.filter((row) => !row.debounced || row.fence > 0).length, `${what}: busy`)
  assert.equal(key.standing, alive.filter((row) => row.trigger === 'schedule' && row.state !== 'running').length, `${what}: standing`)
  for (const [kind, chain] of key.kinds) {
    const items = itemsOf(chain)
    assert.ok(items.length > 0, `${what}: nothing is ${kind}`)
    for (const item of items) assert.equal(item.kind === 'run' ? item.state : 'range', kind, what)
  }
}

function checkOwner(owner: OwnerRow): void {
  const rows = [...owner.runs]
  assert.ok(
    rows.every((row) => row.owner === owner),
    `${owner.id}: holds what is not its own`,
  )
  const suspects = rows.filter((row) => row.suspect)
  assert.ok(suspects.length <= 1, `${owner.id}: ${suspects.length} suspects`)
  assert.ok(owner.suspect === (suspects[0] ?? null), `${owner.id}: another suspect`)
}

function checkGates(state: MemoryState): void {
  const holders = new Map<string, number>()
  const add = (name: string): void => void holders.set(name, (holders.get(name) ?? 0) + 1)
  for (const owner of state.owners.values()) {
    for (const row of owner.runs) row.gates.forEach(add)
    for (const gates of owner.stuck.values()) gates.forEach(add)
  }
  for (const lease of state.leases.items) add(lease.gate.name)
  for (const name of holders.keys()) assert.ok(state.gates.has(name), `${name}: held, but forgotten`)
  for (const gate of state.gates.values()) {
    assert.equal(gate.held, holders.get(gate.name) ?? 0, `${gate.name}: held`)
    if (gate.job !== null) assert.ok(state.jobs.get(gate.job.name) === gate.job, `${gate.name}: of another job`)
    else assert.ok(gate.held <= 1, `${gate.name}: held twice`)
    let waiting = 0
    for (const line of gate.lines.values()) waiting += line.runs.size
    assert.equal(gate.waiting, waiting, `${gate.name}: waiting`)
    assert.ok(gate.held + gate.lines.size + gate.bids.length > 0, `${gate.name}: of use to nobody`)
  }
}

/** What `gates.ts` promises. */
function checkLines(state: MemoryState): void {
  const letGo = new Map<unknown, number>()
  for (const row of state.runs.values()) if (row.promotedBy !== null) letGo.set(row.promotedBy, (letGo.get(row.promotedBy) ?? 0) + 1)
  for (const gate of state.gates.values()) {
    for (const line of gate.lines.values()) {
      const what = `the line of ${line.job.name} at ${gate.name}`
      assert.equal(line.promoted, letGo.get(line) ?? 0, `${what}: let go`)
      assert.ok(line.runs.size + line.promoted > 0, `${what}: of use to nobody`)
      const room = gate.limit - gate.held
      assert.ok(line.runs.size === 0 || line.promoted >= room, `${what}: room for ${room}, but only ${line.promoted} were let go`)
    }
  }
}

function itemsOf<T>(chain: Chain<T>): T[] {
  const items: T[] = []
  for (let link = chain.first; link !== null; link = link.next) items.push(link.item)
  assert.equal(chain.size, items.length)
  return items
}
