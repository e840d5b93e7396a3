/** Reads the slots that a schedule must have had, in order, from the specs it had one after another. */
import type { ScheduleRecord } from '../store/records.ts'

/** The arithmetic of stored specs. Base slots: those that exclusions take out are among them. */
export interface SlotArithmetic {
  /** Ascending slots of the JSON text `spec` in `(after, to]`, the first `max` of them. Throws when the text cannot be read. */
  slotsOf(spec: string, after: number, to: number, max: number): readonly number[]
  /** How many slots `(after, to]` holds; null when finding out takes more than `maxSteps`. */
  countSlots(spec: string, after: number, to: number, maxSteps: number): number | null
  /** True when the text itself takes the slot out, by day or range. */
  isExcluded(spec: string, slot: number): boolean
}

/** A stretch `(from, to]` in which one spec was in force. */
export interface Segment {
  readonly generation: number
  readonly spec: string
  readonly from: number
  readonly to: number
  /** The slots `(after, before)` were excluded and not passed by yet when it ended; null while it is in force, or if that is not known. */
  readonly leftOut: { readonly after: number; readonly before: number } | null
}

/** The specs of a schedule up to its cursor, oldest first, without gaps. */
export function segmentsOf(record: ScheduleRecord): readonly Segment[] {
  let from = Number.NEGATIVE_INFINITY
  const past = record.history.map(({ generation, spec, until, cursor, nextSlot }) => {
    const leftOut = cursor === undefined || nextSlot === undefined ? null : { after: cursor, before: nextSlot ?? Number.POSITIVE_INFINITY }
    const segment = { generation, spec, from, to: until, leftOut }
    from = until
    return segment
  })
  return [...past, { generation: record.generation, spec: record.spec, from, to: Math.max(from, record.cursor), leftOut: null }]
}

/** See {@link createSlotReader}. */
export interface SlotReader {
  /** The next slot that was not passed yet; null at the end. */
  peek(): number | null
  /** Passes every slot up to and including `at`. */
  passTo(at: number): void
}

const CHUNK = 256

/** Slots of `segments` after `after`, a chunk at a time. */
export function createSlotReader(segments: readonly Segment[], after: number, arithmetic: SlotArithmetic): SlotReader {
  let position = after
  let chunk: readonly number[] = []
  let index = 0
  let segment = 0

  const fill = (): void => {
    for (let current = segments[segment]; current !== undefined; current = segments[++segment]) {
      position = Math.max(position, current.from)
      if (position < current.to) {
        chunk = arithmetic.slotsOf(current.spec, position, current.to, CHUNK)
        index = 0
        if (chunk.length > 0) {
          position = chunk.length < CHUNK ? current.to : Number(chunk.at(-1))
          return
        }
      }
      position = Math.max(position, current.to)
    }
  }

  return {
    peek() {
      if (index >= chunk.length) fill()
      return chunk[index] ?? null
    },
    passTo(at) {
      while (index < chunk.length && Number(chunk[index]) <= at) index += 1
      if (index >= chunk.length) position = Math.max(position, at)
    },
  }
}
