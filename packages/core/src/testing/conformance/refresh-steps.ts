/** Short forms of what a run does with windows: claims them, commits them, fails. */
import assert from 'node:assert/strict'
import type { StoredError } from '../../errors/stored-error.ts'
import type {
  ClaimedWindow,
  RefresherRefusal,
  WindowBid,
  WindowClaimReply,
  WindowCommit,
  WindowCommitReply,
  WindowPass,
} from '../../store/windows.ts'
import { only, present } from './expectations.ts'
import { addOwner, claimOne, enqueue, finish, LONG_LEASE } from './run-steps.ts'
import type { Trial } from './trial.ts'
import { hour, rollupOf, signed, windowBid, windowsOf, type Worker } from './window-steps.ts'

/** The job whose runs refresh. */
export const REFRESH = 'refresh'

/** A running run of an owner of its own, which knows the rollup as it is now. */
export async function startWorker(t: Trial, rollup: string, owner = 'a', leaseMs: number = LONG_LEASE): Promise<Worker> {
  await addOwner(t, owner, [REFRESH], leaseMs)
  const id = await enqueue(t, REFRESH)
  const run = await claimOne(t, owner, { limit: 1, leaseMs: t.ms(leaseMs) })
  assert.equal(run.id, id, 'the run of the worker')
  return { run, rollup, generation: (await rollupOf(t, rollup)).generation }
}

/** Ends the worker's run. */
export async function endWorker(t: Trial, { run }: Worker): Promise<void> {
  await finish(t, run)
}

/** Bids for windows. */
export async function bidFor(t: Trial, worker: Worker, windows: readonly WindowBid[]): Promise<WindowClaimReply> {
  return only((await windowsOf(t).claim({ claims: [{ ...signed(worker), windows }], ...t.at() })).replies, 'reply to claim')
}

/** Bids for hours; gives those that were got. */
export async function claimHours(
  t: Trial,
  worker: Worker,
  hours: readonly number[],
  when: WindowBid['when'] = 'any',
): Promise<readonly ClaimedWindow[]> {
  const bids = hours.map((number) => windowBid(number, when))
  const reply = await bidFor(t, worker, bids)
  assert.equal(reply.status, 'claimed', 'claiming windows')
  return reply.windows
}

/** A commit of what was claimed. */
export function commitOf(
  worker: Worker,
  windows: readonly Pick<ClaimedWindow, 'start' | 'seq'>[],
  over: Partial<WindowCommit> = {},
): WindowCommit {
  return { ...signed(worker), windows: windows.map(({ start, seq }) => ({ start, seq })), marks: [], ...over }
}

/** Sends one commit. */
export async function sendCommit(t: Trial, commit: WindowCommit): Promise<WindowCommitReply> {
  return only((await windowsOf(t).commit({ commits: [commit], ...t.at() })).replies, 'reply to commit')
}

/** Commits what was claimed; must be accepted. */
export async function commit(
  t: Trial,
  worker: Worker,
  windows: readonly Pick<ClaimedWindow, 'start' | 'seq'>[],
  over: Partial<WindowCommit> = {},
): Promise<WindowCommitReply> {
  const reply = await sendCommit(t, commitOf(worker, windows, over))
  assert.equal(reply.status, 'committed', 'committing windows')
  return reply
}

/** Refreshes hours from claim to commit; all of them must be got. */
export async function refresh(t: Trial, worker: Worker, hours: readonly number[]): Promise<void> {
  const windows = await claimHours(t, worker, hours)
  assert.equal(windows.length, hours.length, 'windows claimed')
  await commit(t, worker, windows)
}

/** Claims one hour, which must be got, and commits it as suspect. */
export async function suspectHour(t: Trial, worker: Worker, number: number, why = 'no rows'): Promise<void> {
  const { start, seq } = only(await claimHours(t, worker, [number]), 'windows claimed')
  await commit(t, worker, [], { windows: [{ start, seq, suspect: why }] })
}

export const BROKEN: StoredError = { name: 'Error', message: 'division by zero' }

/** Says that hours failed. */
export async function fail(
  t: Trial,
  worker: Worker,
  hours: readonly number[],
  retryDelayMs: number | null = null,
): Promise<'failed' | RefresherRefusal> {
  const windows = hours.map((number) => ({ start: hour(number).start, error: BROKEN, retryDelayMs }))
  return only((await windowsOf(t).fail({ failures: [{ ...signed(worker), windows }], ...t.at() })).replies, 'reply to fail')
}

/** Claims hours, which must be got, and fails them. */
export async function claimAndFail(t: Trial, worker: Worker, hours: readonly number[], retryDelayMs: number | null = null): Promise<void> {
  assert.equal((await claimHours(t, worker, hours)).length, hours.length, 'windows claimed')
  assert.equal(await fail(t, worker, hours, retryDelayMs), 'failed')
}

/** Moves the watermark from where it is, to the start of an hour. */
export async function passTo(t: Trial, rollup: string, number: number, over: Partial<WindowPass> = {}): Promise<boolean> {
  const { generation, watermark } = await rollupOf(t, rollup)
  const pass = { rollup, generation, expected: watermark, through: hour(number).start, expired: false, ...over }
  return present((await windowsOf(t).pass({ passes: [pass], ...t.at() })).passed[0], 'reply to pass')
}
