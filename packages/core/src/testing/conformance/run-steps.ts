/** Short forms of the run verbs, with the defaults that most cases want. */
import type { ClaimAtOnce, ClaimedRun } from '../../store/claim-at-once.ts'
import assert from 'node:assert/strict'
import type { RunRecord } from '../../store/records.ts'
import type {
  ClaimRequest,
  EnqueueReply,
  EnqueueRequest,
  GateRecord,
  RenewReply,
  RenewRequest,
  SettleReply,
  Settlement,
} from '../../store/runs.ts'
import { only, present } from './expectations.ts'
import type { Trial } from './trial.ts'

/** A lease (nominal) that no case outlives. */
export const LONG_LEASE = 600_000
/** A lease (nominal) that cases let end with `pass(LEASE_END)`. */
export const SHORT_LEASE = 3_000
/** Past the end of a {@link SHORT_LEASE}. */
export const LEASE_END: number = SHORT_LEASE + 1

/** For claims of an owner whose lease is to end soon: a claim renews too. */
export function shortLease(t: Trial): { readonly leaseMs: number } {
  return { leaseMs: t.ms(SHORT_LEASE) }
}

/** Renews an owner. */
export async function renew(t: Trial, owner: string, over: Partial<RenewRequest> = {}): Promise<RenewReply> {
  return t.store.runs.renew({ owner, leaseMs: t.ms(LONG_LEASE), started: [], progress: [], ...t.at(), ...over })
}

/** Creates an owner that knows `jobs`, or tells what it knows now. */
export async function addOwner(t: Trial, owner: string, jobs: readonly string[], leaseMs: number = LONG_LEASE): Promise<void> {
  const reply = await renew(t, owner, { jobs: jobs.map((job) => ({ job, hash: 'v1' })), leaseMs: t.ms(leaseMs) })
  assert.equal(reply.status, 'live', `owner ${owner}`)
}

/** A plain manual trigger. */
export function enqueueRequest(t: Trial, job: string, over: Partial<EnqueueRequest> = {}): EnqueueRequest {
  return {
    id: t.nextId(),
    job,
    key: '',
    trigger: over.debounce === undefined ? 'manual' : 'debounce',
    payload: null,
    triggers: 1,
    priority: 0,
    delayMs: 0,
    overlap: 'allow',
    skipWhenBusy: false,
    gates: [],
    ...over,
  }
}

/** Enqueues in one call. */
export async function enqueueAll(t: Trial, requests: readonly EnqueueRequest[], claim?: ClaimAtOnce): Promise<readonly EnqueueReply[]> {
  return (await t.store.runs.enqueue({ requests, claim, ...t.at() })).replies
}

/** Enqueues one request and gives its reply. */
export async function trigger(t: Trial, job: string, over: Partial<EnqueueRequest> = {}): Promise<EnqueueReply> {
  return only(await enqueueAll(t, [enqueueRequest(t, job, over)]), 'reply to enqueue')
}

/** Enqueues one request that must make a run; gives the run's id. */
export async function enqueue(t: Trial, job: string, over: Partial<EnqueueRequest> = {}): Promise<string> {
  const reply = await trigger(t, job, over)
  assert.equal(reply.outcome, 'created', `enqueueing a run of ${job}`)
  return reply.id
}

/** Enqueues `count` runs; gives their ids in order. */
export async function enqueueMany(t: Trial, job: string, count: number, over: Partial<EnqueueRequest> = {}): Promise<readonly string[]> {
  const requests = Array.from({ length: count }, () => enqueueRequest(t, job, over))
  return (await enqueueAll(t, requests)).map((reply) => reply.id)
}

/** What a claim at once asks for. */
export function claimAtOnce(t: Trial, owner: string, over: Partial<ClaimAtOnce> = {}): ClaimAtOnce {
  const limit = over.limit ?? 10
  return { owner, leaseMs: t.ms(LONG_LEASE), limit, start: limit, seenFence: 0, ...over }
}

/** Claims up to ten runs, all of them to be started. */
export async function claim(t: Trial, owner: string, over: Partial<ClaimRequest> = {}): Promise<readonly ClaimedRun[]> {
  return (await t.store.runs.claim({ ...claimAtOnce(t, owner), ...t.at(), ...startAll(over) })).runs
}

/** Claims, and gives the records. */
export async function claimRecords(t: Trial, owner: string, over: Partial<ClaimRequest> = {}): Promise<readonly RunRecord[]> {
  return (await claim(t, owner, over)).map((claimed) => claimed.record)
}

/** Claims, and gives the ids. */
export async function claimIds(t: Trial, owner: string, over: Partial<ClaimRequest> = {}): Promise<readonly string[]> {
  return (await claim(t, owner, over)).map((claimed) => claimed.record.id)
}

/** Claims the one run that must be there. */
export async function claimOne(t: Trial, owner: string, over: Partial<ClaimRequest> = {}): Promise<RunRecord> {
  return only(await claimRecords(t, owner, over), `runs claimed by ${owner}`)
}

/** What a run comes to, in short; the outcome follows from it. */
export type Ending = Settlement['then']

export const SUCCESS: Ending = { to: 'succeeded', result: null }

/** The settlement of a claimed run. */
export function settlement(run: RunRecord, then: Ending = SUCCESS, over: Partial<Settlement> = {}): Settlement {
  return { runId: run.id, fence: run.fence, outcome: OUTCOMES[then.to], startedAt: run.startedAt, error: null, then, ...over }
}

/** Settles one run and gives its reply. */
export async function settle(t: Trial, run: RunRecord, then: Ending = SUCCESS, over: Partial<Settlement> = {}): Promise<SettleReply> {
  const owner = present(run.owner, `owner of run ${run.id}`)
  const { replies } = await t.store.runs.settle({ owner, settlements: [settlement(run, then, over)], ...t.at() })
  return only(replies, 'reply to settle')
}

/** Settles one run; must be accepted. */
export async function finish(t: Trial, run: RunRecord, then: Ending = SUCCESS, over: Partial<Settlement> = {}): Promise<void> {
  assert.equal((await settle(t, run, then, over)).status, 'settled', `settling run ${run.id}`)
}

/** A run that must exist. */
export async function getRun(t: Trial, id: string): Promise<RunRecord> {
  const { runs } = await t.store.runs.get({ ids: [id] })
  return present(only(runs, 'reply to get'), `run ${id}`)
}

/** The states of runs, in order; `null` where there is none. */
export async function statesOf(t: Trial, ids: readonly string[]): Promise<readonly (string | null)[]> {
  const { runs } = await t.store.runs.get({ ids })
  return runs.map((run) => run?.state ?? null)
}

/** Cancels one run. */
export async function cancel(t: Trial, id: string, reason = 'on request'): Promise<string> {
  const { replies } = await t.store.runs.cancel({ runs: [{ id, reason }], ...t.at() })
  return only(replies, 'reply to cancel')
}

/** One gate by name. */
export async function gate(t: Trial, name: string): Promise<GateRecord | undefined> {
  return (await t.store.runs.gates({ names: [name] })).gates.find((found) => found.gate === name)
}

/** How many hold a gate; 0 for one that the store does not list. */
export async function heldAt(t: Trial, name: string): Promise<number> {
  return (await gate(t, name))?.held ?? 0
}

const OUTCOMES: Readonly<Record<Ending['to'], Settlement['outcome']>> = {
  succeeded: 'succeeded',
  retry: 'failed',
  dead: 'failed',
  cancelled: 'cancelled',
  skipped: 'succeeded',
  released: 'released',
}

function startAll(over: Partial<ClaimRequest>): Partial<ClaimRequest> {
  return over.limit === undefined || over.start !== undefined ? over : { ...over, start: over.limit }
}

/** How many runs of `job` the store has. */
export async function countRuns(t: Trial, job: string): Promise<number> {
  return (await t.store.runs.find({ job, limit: 100 })).runs.length
}
