/** Short forms of the verbs about rollups. Windows are hours, named by their number: {@link hour}. */
import assert from 'node:assert/strict'
import type { RunRecord } from '../../store/records.ts'
import type { Mark, RollupRecord, WindowRecord } from '../../store/window-records.ts'
import type {
  ClaimedWindow,
  DirtyWindow,
  Drain,
  DrainReply,
  MarkedSource,
  MarkGroup,
  RollupDefinition,
  RollupState,
  WindowBid,
  WindowStore,
} from '../../store/windows.ts'
import { only, present } from './expectations.ts'
import type { Trial } from './trial.ts'

export const HOUR = 3_600_000

/** Where hour 0 begins: trials begin at half past hour 9, so that hours up to 8 have ended. */
export const FIRST: number = Date.UTC(2033, 4, 17)
/** The hour that a trial begins in; it falls due after half an hour. */
export const PRESENT = 9

/** The window of an hour. */
export function hour(number: number): { readonly start: number; readonly end: number } {
  return { start: FIRST + number * HOUR, end: FIRST + (number + 1) * HOUR }
}

/** The hour that starts at an instant. */
export function numberOf(start: number): number {
  return (start - FIRST) / HOUR
}

/** The windows part of the store. */
export function windowsOf(t: Trial): WindowStore {
  return present(t.store.windows, 'windows of the store')
}

/** A definition of hours that read the source `calls`. */
export function definition(rollup: string, over: Partial<RollupDefinition> = {}): RollupDefinition {
  return { rollup, hash: 'v1', expectedGeneration: 0, sources: ['calls'], edges: '1h UTC', policy: '[]', startAt: FIRST, ...over }
}

/** Defines a rollup that must be accepted; gives its generation. */
export async function defineRollup(t: Trial, rollup: string, over: Partial<RollupDefinition> = {}): Promise<number> {
  const { replies } = await windowsOf(t).define({ rollups: [definition(rollup, over)], ...t.at() })
  const reply = only(replies, 'reply to define')
  assert.equal(reply.status, 'defined', `defining ${rollup}`)
  return reply.generation
}

/** Marks an instant of each hour as changed. */
export async function markHours(t: Trial, hours: readonly number[], over: Partial<Mark> = {}): Promise<void> {
  const marks = hours.map((number): Mark => {
    const at = hour(number).start + 60_000
    return { source: 'calls', from: at, to: at + 1, kind: 'changed', ...over }
  })
  await windowsOf(t).mark({ marks, ...t.at() })
}

/** Every source that has marks to be drained. */
export async function collectAll(t: Trial, limit = 1_000): Promise<readonly MarkedSource[]> {
  return (await windowsOf(t).collect({ limit, ...t.at() })).sources
}

/** The one source that has marks to be drained. */
export async function collectOne(t: Trial, source = 'calls'): Promise<MarkedSource> {
  return only((await windowsOf(t).collect({ sources: [source], limit: 1_000, ...t.at() })).sources, `sources marked as ${source}`)
}

/** A drain that says nothing yet. */
export function emptyDrain({ source, token }: Pick<MarkedSource, 'source' | 'token'>, over: Partial<Drain> = {}): Drain {
  return { source, token, groups: [], parked: [], narrowed: [], sealed: [], enqueue: [], ...over }
}

/** A group for every mark: the hours that it touches, of every rollup. */
export function groupsOf({ marks, rollups }: MarkedSource): MarkGroup[] {
  return marks.map(({ id, from, to, kind, markedAt }) => ({
    marks: [id],
    markedAt,
    removed: kind !== 'added',
    windows: rollups.flatMap(({ rollup }) => hoursBetween(from, to).map((number): DirtyWindow => ({ rollup, ...hour(number) }))),
  }))
}

function hoursBetween(from: number, to: number): number[] {
  const first = Math.floor((from - FIRST) / HOUR)
  const last = Math.floor((to - 1 - FIRST) / HOUR)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** Carries out one drain. */
export async function drain(t: Trial, one: Drain): Promise<DrainReply> {
  return only((await windowsOf(t).drain({ drains: [one], ...t.at() })).replies, 'reply to drain')
}

/** Digests whatever a source has been marked with; must be accepted whole. */
export async function drainAll(t: Trial, source = 'calls'): Promise<void> {
  const marked = await collectOne(t, source)
  assert.deepEqual(await drain(t, emptyDrain(marked, { groups: groupsOf(marked) })), { status: 'drained', left: [] })
}

/** Marks hours and digests the marks. */
export async function soilHours(t: Trial, hours: readonly number[], over: Partial<Mark> = {}): Promise<void> {
  await markHours(t, hours, over)
  await drainAll(t, over.source)
}

/** What the store knows of a rollup that must be there. */
export async function stateOf(
  t: Trial,
  rollup: string,
  page: { readonly limit?: number; readonly after?: number } = {},
): Promise<RollupState> {
  const { states } = await windowsOf(t).state({ rollups: [{ rollup, limit: 1_000, ...page }], ...t.at() })
  return present(only(states, 'reply to state'), `rollup ${rollup}`)
}

/** A rollup that must be there. */
export async function rollupOf(t: Trial, rollup: string): Promise<RollupRecord> {
  return (await stateOf(t, rollup)).record
}

/** The number of the first hour that the watermark has not passed. */
export async function watermarkOf(t: Trial, rollup: string): Promise<number> {
  return numberOf((await rollupOf(t, rollup)).watermark)
}

/** Hours that are to be refreshed now, the oldest change first. */
export async function dirtyHours(t: Trial, rollup: string): Promise<readonly number[]> {
  return (await stateOf(t, rollup)).dirty.map(({ start }) => numberOf(start))
}

/** Every record of a rollup. */
export async function windowRecords(t: Trial, rollup: string, backfill?: string): Promise<readonly WindowRecord[]> {
  const all = { from: -8.64e15, to: 8.64e15, limit: 1_000 }
  return (await windowsOf(t).list({ rollup, backfill, ...all })).windows
}

/** The record of one hour, which must be there. */
export async function windowOf(t: Trial, rollup: string, number: number): Promise<WindowRecord> {
  const { start, end } = hour(number)
  return only((await windowsOf(t).list({ rollup, from: start, to: end, limit: 10 })).windows, `records of hour ${number}`)
}

/** Whether a change of that hour waits for a refresh. An hour without a record is clean. */
export async function isDirty(t: Trial, rollup: string, number: number): Promise<boolean> {
  const { start, end } = hour(number)
  return (await windowsOf(t).list({ rollup, from: start, to: end, limit: 10 })).windows.some(({ dirtySince }) => dirtySince !== null)
}

/** A bid for an hour, without grace. */
export function windowBid(number: number, when: WindowBid['when'] = 'any'): WindowBid {
  const { start, end } = hour(number)
  return { start, end, dueAt: end, when }
}

/** A run that works on a rollup, as the store knows both. */
export interface Worker {
  readonly run: RunRecord
  readonly rollup: string
  readonly generation: number
}

/** How a worker shows who it is. */
export function signed({ run, rollup, generation }: Worker): {
  readonly rollup: string
  readonly generation: number
  readonly runId: string
  readonly fence: number
} {
  return { rollup, generation, runId: run.id, fence: run.fence }
}

/** The numbers of claimed hours. */
export function numbersOf(windows: readonly Pick<ClaimedWindow, 'start'>[]): readonly number[] {
  return windows.map(({ start }) => numberOf(start))
}
