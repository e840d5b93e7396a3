/** Short forms of the verbs about backfills. */
import assert from 'node:assert/strict'
import type { BackfillControl, BackfillReply, BackfillRequest } from '../../store/backfills.ts'
import type { BackfillRecord } from '../../store/window-records.ts'
import { only, present } from './expectations.ts'
import type { Trial } from './trial.ts'
import { hour, rollupOf, windowsOf } from './window-steps.ts'

/** A backfill of the hours `[from, to)`, oldest first. */
export async function backfillRequest(
  t: Trial,
  rollup: string,
  [from, to]: readonly [number, number],
  over: Partial<BackfillRequest> & { readonly id: string },
): Promise<BackfillRequest> {
  return {
    rollup,
    generation: over.generation ?? (await rollupOf(t, rollup)).generation,
    from: hour(from).start,
    to: hour(to).start,
    select: 'all',
    order: 'oldest',
    concurrency: 2,
    windows: to - from,
    enqueue: [],
    ...over,
  }
}

/** Sends one request. */
export async function sendBackfill(t: Trial, request: BackfillRequest): Promise<BackfillReply> {
  return only((await windowsOf(t).backfills.create({ backfills: [request], ...t.at() })).replies, 'reply to create')
}

/** Creates a backfill, which must be accepted. */
export async function createBackfill(
  t: Trial,
  id: string,
  rollup: string,
  range: readonly [number, number],
  over: Partial<BackfillRequest> = {},
): Promise<void> {
  const reply = await sendBackfill(t, await backfillRequest(t, rollup, range, { ...over, id }))
  assert.deepEqual(reply, { status: 'created', id })
}

/** A backfill that must be there. */
export async function getBackfill(t: Trial, id: string): Promise<BackfillRecord> {
  return present(only((await windowsOf(t).backfills.get({ ids: [id] })).backfills, 'reply to get'), `backfill ${id}`)
}

/** Stamps hours and moves the cursor from where it is, to the start of an hour. */
export async function stamp(t: Trial, id: string, hours: readonly number[], cursor: number): Promise<'stamped' | 'stale' | 'ended'> {
  const { cursor: expected } = await getBackfill(t, id)
  const stamps = [{ id, expected, cursor: hour(cursor).start, windows: hours.map(hour) }]
  return only((await windowsOf(t).backfills.stamp({ stamps, ...t.at() })).replies, 'reply to stamp')
}

/** Pauses, resumes or cancels; true where it changed anything. */
export async function control(t: Trial, id: string, action: BackfillControl['action'], over: Partial<BackfillControl> = {}): Promise<boolean> {
  const controls = [{ id, action, reason: null, enqueue: [], ...over }]
  return present((await windowsOf(t).backfills.control({ controls, ...t.at() })).changed[0], 'reply to control')
}
