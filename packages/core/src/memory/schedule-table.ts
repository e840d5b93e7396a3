/** The schedules of one job in columns: 100,000 of them take some 20 MB, and one that is not due costs nothing. */
import { DueHeap } from './due-heap.ts'

/** What a new row says. */
export interface NewSchedule {
  readonly name: string
  readonly incarnation: string
  readonly spec: string
  readonly payload: string | null
  readonly cursor: number
  readonly nextSlot: number | null
  readonly nextDueAt: number | null
  readonly createdAt: number
}

// Places of the numbers of one row.
const CURSOR = 0
const NEXT_SLOT = 1
const NEXT_DUE_AT = 2
const CREATED_AT = 3
const SLOTS = 4
const WIDTH = 5

/**
 * A row is named by its number, which is used again after its removal. What few rows have (`D`) lives in a
 * side object, made when first needed. Instants that may be missing are kept as NaN.
 */
export class ScheduleTable<D> {
  readonly #rows = new Map<string, number>()
  readonly #free: number[] = []
  readonly #names: string[] = []
  readonly #incarnations: string[] = []
  readonly #specs: string[] = []
  readonly #payloads: (string | null)[] = []
  readonly #details = new Map<number, D>()
  readonly #makeDetail: () => D
  #numbers = new Float64Array(WIDTH * 8)
  #generations = new Int32Array(8)
  readonly #due = new DueHeap((row) => this.#numbers[row * WIDTH + NEXT_DUE_AT] as number)
  #sorted: string[] | null = null

  constructor(makeDetail: () => D) {
    this.#makeDetail = makeDetail
  }

  get size(): number {
    return this.#rows.size
  }

  find(name: string): number | undefined {
    return this.#rows.get(name)
  }

  /** Names in order. */
  names(): readonly string[] {
    this.#sorted ??= [...this.#rows.keys()].sort()
    return this.#sorted
  }

  /** Adds a row of generation 1 and puts it into the due index. */
  add(schedule: NewSchedule): number {
    const row = this.#free.pop() ?? this.#names.length
    if (row >= this.#generations.length) this.#grow(row)
    this.#rows.set(schedule.name, row)
    this.#sorted = null
    this.#names[row] = schedule.name
    this.#incarnations[row] = schedule.incarnation
    this.#specs[row] = schedule.spec
    this.#payloads[row] = schedule.payload
    this.#generations[row] = 1
    this.#numbers[row * WIDTH + CREATED_AT] = schedule.createdAt
    this.#numbers[row * WIDTH + SLOTS] = 0
    this.move(row, schedule)
    this.index(row, true)
    return row
  }

  /** Copies a row of another table, side object included. */
  adopt(other: ScheduleTable<D>, row: number): number {
    const added = this.add({
      name: other.name(row),
      incarnation: other.incarnation(row),
      spec: other.spec(row),
      payload: other.payload(row),
      cursor: other.cursor(row),
      nextSlot: other.nextSlot(row),
      nextDueAt: other.nextDueAt(row),
      createdAt: other.createdAt(row),
    })
    const detail = other.detail(row)
    if (detail !== undefined) this.#details.set(added, detail)
    this.#generations[added] = other.generation(row)
    this.addSlots(added, other.slots(row))
    return added
  }

  remove(row: number): void {
    this.#due.remove(row)
    this.#rows.delete(this.name(row))
    this.#sorted = null
    this.#details.delete(row)
    this.#names[row] = this.#incarnations[row] = this.#specs[row] = ''
    this.#payloads[row] = null
    this.#free.push(row)
  }

  name(row: number): string {
    return this.#names[row] as string
  }

  incarnation(row: number): string {
    return this.#incarnations[row] as string
  }

  generation(row: number): number {
    return this.#generations[row] as number
  }

  spec(row: number): string {
    return this.#specs[row] as string
  }

  payload(row: number): string | null {
    return this.#payloads[row] ?? null
  }

  cursor(row: number): number {
    return this.#number(row, CURSOR)
  }

  nextSlot(row: number): number | null {
    return orNull(this.#number(row, NEXT_SLOT))
  }

  nextDueAt(row: number): number | null {
    return orNull(this.#number(row, NEXT_DUE_AT))
  }

  createdAt(row: number): number {
    return this.#number(row, CREATED_AT)
  }

  slots(row: number): number {
    return this.#number(row, SLOTS)
  }

  detail(row: number): D | undefined {
    return this.#details.get(row)
  }

  /** The side object, made if there is none. */
  ensureDetail(row: number): D {
    let detail = this.#details.get(row)
    if (detail === undefined) {
      detail = this.#makeDetail()
      this.#details.set(row, detail)
    }
    return detail
  }

  /** A new spec or payload: the next generation. */
  redefine(row: number, spec: string, payload: string | null): void {
    this.#specs[row] = spec
    this.#payloads[row] = payload
    this.#generations[row] = this.generation(row) + 1
  }

  /** Sets where the schedule stands; {@link index} follows. */
  move(row: number, to: { readonly cursor: number; readonly nextSlot: number | null; readonly nextDueAt: number | null }): void {
    const at = row * WIDTH
    this.#numbers[at + CURSOR] = to.cursor
    this.#numbers[at + NEXT_SLOT] = to.nextSlot ?? Number.NaN
    this.#numbers[at + NEXT_DUE_AT] = to.nextDueAt ?? Number.NaN
  }

  addSlots(row: number, count: number): void {
    this.#numbers[row * WIDTH + SLOTS] = this.slots(row) + count
  }

  /** Keeps the row in the due index while it `mayFire` and has a due instant, out of it otherwise. */
  index(row: number, mayFire: boolean): void {
    if (mayFire && !Number.isNaN(this.#number(row, NEXT_DUE_AT))) this.#due.put(row)
    else this.#due.remove(row)
  }

  /** The earliest due instant in the index. */
  earliestDueAt(): number | null {
    const row = this.#due.earliest
    return row === -1 ? null : this.#number(row, NEXT_DUE_AT)
  }

  /** The earliest next slot in the index. Looks at every row in it: jitter may have reordered them. */
  earliestSlot(): number | null {
    let earliest = Number.POSITIVE_INFINITY
    for (const row of this.#due.rows()) {
      const slot = this.#number(row, NEXT_SLOT)
      if (slot < earliest) earliest = slot
    }
    return earliest === Number.POSITIVE_INFINITY ? null : earliest
  }

  /** Rows due at `now`, the earliest `limit` of them, in order. */
  due(now: number, limit: number): readonly number[] {
    return this.#due.due(now, limit)
  }

  #number(row: number, place: number): number {
    return this.#numbers[row * WIDTH + place] as number
  }

  #grow(row: number): void {
    const rows = Math.max(row + 1, Math.ceil(this.#generations.length * 1.5))
    const numbers = new Float64Array(rows * WIDTH)
    numbers.set(this.#numbers)
    this.#numbers = numbers
    const generations = new Int32Array(rows)
    generations.set(this.#generations)
    this.#generations = generations
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
