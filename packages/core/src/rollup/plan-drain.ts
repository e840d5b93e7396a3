/** From the marks of a source to the windows of every rollup that reads it (engine rules 31, 34). Pure but for the ids. */
import type { NextId } from '../random/ids.ts'
import type { RollupRecord } from '../store/window-records.ts'
import type { DirtyWindow, Drain, MarkedSource, MarkGroup } from '../store/windows.ts'
import { isSourceOfRollup } from './resolve-rollup.ts'
import { dueAtOf, floorEdge, sealEdge } from './due.ts'
import { type MappedMark, mapMark, type Reader } from './map-mark.ts'
import { readPace, waitsOf } from './pace.ts'
import { refreshRequest } from './rollup-run.ts'
import { type Plannable, readRollup } from './stored-rollup.ts'

/** Most windows that one drain dirties; wider ranges are narrowed, and go on with the next. */
const MOST_WINDOWS = 5_000

export interface DrainOptions {
  /** The store's, of the `collect`. */
  readonly now: number
  readonly nextId: NextId
  /** Most windows that are dirtied. Default 5,000. */
  readonly most?: number | undefined
}

/** A rollup whose stored definition this version cannot understand. */
export interface UnreadableRollup {
  readonly source: string
  readonly rollup: string
  readonly reason: string
}

export interface DrainPlan {
  /** Null: there is nothing to do, or nothing that may be done. */
  readonly drain: Drain | null
  /** How many marks it deletes. */
  readonly digested: number
  /** There are more marks that can be drained at once. */
  readonly more: boolean
  /** Because of them the marks stay where they are: whoever can read them will drain them. */
  readonly unreadable: readonly UnreadableRollup[]
}

/** A rollup that reads the source, and what the drain has found for it so far. */
interface Side {
  readonly record: RollupRecord
  readonly rollup: Plannable
  readonly reader: Reader
  sealed: { readonly marks: number[]; from: number; to: number } | null
  triggers: number
}

/** What becomes of the marks of a source at an instant. */
export function planDrain(source: MarkedSource, { now, nextId, most = MOST_WINDOWS }: DrainOptions): DrainPlan {
  const { sides, unreadable } = readSides(source, now)
  if (unreadable.length > 0 || sides.length === 0 || source.marks.length === 0) {
    return { drain: null, digested: 0, more: false, unreadable }
  }
  const readers = sides.map(({ reader }) => reader)
  const groups = new Map<string, MutableGroup>()
  const parked: { id: number; until: number }[] = []
  const narrowed: { id: number; from: number; to: number }[] = []
  let room = most
  let looked = 0
  for (const mark of source.marks) {
    if (room <= 0) break
    looked++
    const mapped = mapMark(mark, readers, { now, share: Math.max(1, Math.floor(room / readers.length)) })
    if (mapped.kind === 'parked') {
      parked.push({ id: mark.id, until: mapped.until })
      continue
    }
    const group = groupOf(groups, mapped, readers)
    room -= group.fresh
    group.fresh = 0
    group.markedAt = Math.min(group.markedAt, mark.markedAt)
    group.removed ||= mark.kind !== 'added'
    if (mapped.rest === null) group.marks.push(mark.id)
    else narrowed.push({ id: mark.id, ...mapped.rest })
    sides.forEach((side, position) => note(side, mapped, { position, now, mark: mark.id }))
  }
  const drained = [...groups.values()].map(({ marks, markedAt, removed, windows }): MarkGroup => ({ marks, markedAt, removed, windows }))
  return {
    drain: {
      source: source.source,
      token: source.token,
      groups: drained,
      parked,
      narrowed,
      sealed: sides.flatMap(({ record, sealed }) => (sealed === null ? [] : [{ rollup: record.rollup, ...sealed }])),
      enqueue: sides.flatMap(({ record, rollup, triggers }) => {
        if (triggers === 0) return []
        return [refreshRequest({ id: nextId(), rollup: record.rollup, triggers }, waitsOf(readPace(record.pace), rollup.planning, now))]
      }),
    },
    digested: drained.reduce((sum, { marks }) => sum + marks.length, 0),
    more: source.more || looked < source.marks.length || narrowed.length > 0,
    unreadable,
  }
}

/** Finest grain first: children are refreshed before those that are put together from them. */
function readSides({ source, rollups }: MarkedSource, now: number): { sides: readonly Side[]; unreadable: readonly UnreadableRollup[] } {
  const sides: Side[] = []
  const unreadable: UnreadableRollup[] = []
  for (const record of rollups) {
    try {
      const rollup = readRollup(record)
      sides.push({ record, rollup, reader: readerOf(record, rollup, { source, now }), sealed: null, triggers: 0 })
    } catch (error) {
      unreadable.push({ source, rollup: record.rollup, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  const byGrain = (a: Side, b: Side): number => a.rollup.windows.grain.stepMs - b.rollup.windows.grain.stepMs
  return { sides: sides.sort((a, b) => byGrain(a, b) || (a.record.rollup < b.record.rollup ? -1 : 1)), unreadable }
}

function readerOf(record: RollupRecord, rollup: Plannable, { source, now }: { source: string; now: number }): Reader {
  const { windows, planning } = rollup
  return {
    rollup: record.rollup,
    windows,
    startAt: planning.startAt,
    // How late is too late, the child has decided: what it refreshed, its parents must follow.
    sealedUntil: isSourceOfRollup(source) ? floorEdge(rollup, now) : sealEdge(rollup, record.watermark, now),
    begunUntil: windows.windowOf(now).end,
  }
}

type MutableGroup = { -readonly [Field in keyof MarkGroup]: MarkGroup[Field] } & {
  readonly marks: number[]
  /** Windows that it has and no group before had counted. */
  fresh: number
}

type Mapped = Extract<MappedMark, { readonly kind: 'mapped' }>

function groupOf(groups: Map<string, MutableGroup>, { spans }: Mapped, readers: readonly Reader[]): MutableGroup {
  const key = spans.map((span) => (span === null ? '-' : `${span.start}/${span.end}`)).join(' ')
  let group = groups.get(key)
  if (group === undefined) {
    const windows = readers.flatMap(({ rollup, windows: own }, position): DirtyWindow[] => {
      const span = spans[position] ?? null
      if (span === null) return []
      return Array.from(own.between(span.start, span.end), ({ start, end }) => ({ rollup, start, end }))
    })
    group = { marks: [], markedAt: Number.POSITIVE_INFINITY, removed: false, windows, fresh: windows.length }
    groups.set(key, group)
  }
  return group
}

interface MarkPlace {
  /** Of the side. */
  readonly position: number
  readonly now: number
  readonly mark: number
}

/** A run is asked for only where something can be refreshed now: what is not due has its own when it is. */
function note(side: Side, { spans, sealed }: Mapped, { position, now, mark }: MarkPlace): void {
  const span = spans[position] ?? null
  if (span !== null) {
    const { isLive } = side.rollup.planning
    if (isLive || dueAtOf(side.rollup, span) <= now || dueAtOf(side.rollup, side.reader.windows.windowOf(span.start)) <= now)
      side.triggers++
  }
  const late = sealed[position] ?? null
  if (late === null) return
  side.sealed ??= { marks: [], from: late.from, to: late.to }
  if (late.counts) side.sealed.marks.push(mark)
  side.sealed.from = Math.min(side.sealed.from, late.from)
  side.sealed.to = Math.max(side.sealed.to, late.to)
}
