/** Short forms of the verbs about backfills. */
import assert from 'node:assert/strict'
import type { BackfillControl, BackfillReply, BackfillRequest } from '../../store/backfills.ts'
import type { BackfillRecord } from '../../store/window-records.ts'
import { only, present } from './expectations.ts'
import type { Trial } from './trial.ts'
import { hour, rollupOf, windowsOf } from './window-steps.ts'

/** What a case wants of a backfill of `stats`, oldest first unless said otherwise. */
export interface Wanted extends Partial<BackfillRequest> {
  readonly id: string
  /** The first hour, and the one behind the last. */
  readonly hours: readonly [number, number]
}

/** A request that knows the rollup as it is now. */
export async function backfillRequest(t: Trial, { hours: [from, to], ...over }: Wanted): Promise<BackfillRequest> {
  return {
    rollup: 'stats',
    generation: over.generation ?? (await rollupOf(t, over.rollup ?? 'stats')).generation,
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

/** Asks for one backfill. */
export async function sendBackfill(t: Trial, wanted: Wanted): Promise<BackfillReply> {
  const backfills = [await backfillRequest(t, wanted)]
  return only((await windowsOf(t).backfills.create({ backfills, ...t.at() })).replies, 'reply to create')
}

/** Creates a backfill, which must be accepted. */
export async function createBackfill(t: Trial, wanted: Wanted): Promise<void> {
  assert.deepEqual(await sendBackfill(t, wanted), { status: 'created', id: wanted.id })
}

/** A backfill that must be there. */
export async function getBackfill(t: Trial, id: string): Promise<BackfillRecord> {
  return present(only((await windowsOf(t).backfills.get({ ids: [id] })).backfills, 'reply to get'), `backfill ${id}`)
}

/** A stretch that was looked at. */
export interface Stretch {
  /** Those that are to be refreshed. */
  readonly hours: readonly number[]
  /** The hour at whose start the next stretch begins. */
  readonly cursor: number
  /** The hour at whose start the cursor should be; default: where it is. */
  readonly expected?: number
}

/** Stamps a stretch of a backfill. */
export async function stamp(t: Trial, id: string, { hours, cursor, expected }: Stretch): Promise<'stamped' | 'stale' | 'ended'> {
  const at = expected === undefined ? (await getBackfill(t, id)).cursor : hour(expected).start
  const stamps = [{ id, expected: at, cursor: hour(cursor).start, windows: hours.map(hour) }]
  return only((await windowsOf(t).backfills.stamp({ stamps, ...t.at() })).replies, 'reply to stamp')
}

/** Pauses, resumes or cancels; true where it changed anything. */
export async function control(t: Trial, id: string, action: BackfillControl['action']): Promise<boolean> {
  return sendControl(t, { id, action, reason: `${action} it`, enqueue: [] })
}

/** Sends one control. */
export async function sendControl(t: Trial, one: BackfillControl): Promise<boolean> {
  return present((await windowsOf(t).backfills.control({ controls: [one], ...t.at() })).changed[0], 'reply to control')
}
