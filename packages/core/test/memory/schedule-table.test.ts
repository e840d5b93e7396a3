/** The columns of schedules, against plain objects. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ScheduleTable } from '../../src/memory/schedule-table.ts'

interface Model {
  cursor: number
  nextSlot: number | null
  slots: number
  generation: number
  spec: string
  detail: string[] | undefined
}

const actions = fc.array(
  fc.tuple(fc.constantFrom('add', 'add', 'move', 'redefine', 'count', 'detail', 'remove'), fc.nat(30), fc.nat(1_000), fc.boolean()),
  { maxLength: 150 },
)

function write(name: string, at: number, isExhausted: boolean): Parameters<ScheduleTable<string[]>['add']>[0] {
  const next = isExhausted ? null : at
  return { name, incarnation: `i${at}`, spec: 's', payload: null, cursor: at - 1, nextSlot: next, nextDueAt: next, createdAt: at }
}

describe('ScheduleTable', () => {
  it('keeps what is written to each row, over removals and new rows in their place', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const table = new ScheduleTable<string[]>(() => [])
        const model = new Map<string, Model>()
        for (const [action, which, at, flag] of steps) {
          const name = `p${which}`
          const row = table.find(name)
          const known = model.get(name)
          expect(row === undefined).toBe(known === undefined)
          if (row === undefined || known === undefined) {
            table.add(write(name, at, flag))
            model.set(name, { cursor: at - 1, nextSlot: flag ? null : at, slots: 0, generation: 1, spec: 's', detail: undefined })
          } else if (action === 'move') {
            table.move(row, { cursor: at, nextSlot: flag ? null : at + 1, nextDueAt: flag ? null : at + 1 })
            table.index(row, true)
            Object.assign(known, { cursor: at, nextSlot: flag ? null : at + 1 })
          } else if (action === 'redefine') {
            table.redefine(row, `s${at}`, null)
            Object.assign(known, { generation: known.generation + 1, spec: `s${at}` })
          } else if (action === 'count') {
            table.addSlots(row, at)
            known.slots += at
          } else if (action === 'detail') {
            table.ensureDetail(row).push(`${at}`)
            known.detail = [...(known.detail ?? []), `${at}`]
          } else if (action === 'remove') {
            table.remove(row)
            model.delete(name)
          }
        }
        expect(table.size).toBe(model.size)
        expect(table.names()).toEqual([...model.keys()].sort())
        for (const [name, expected] of model) {
          const row = table.find(name) as number
          expect(table.name(row)).toBe(name)
          expect({
            cursor: table.cursor(row),
            nextSlot: table.nextSlot(row),
            slots: table.slots(row),
            generation: table.generation(row),
            spec: table.spec(row),
            detail: table.detail(row),
          }).toEqual(expected)
        }
        const slots = [...model.values()].flatMap(({ nextSlot }) => nextSlot ?? []).sort((a, b) => a - b)
        expect(table.earliestDueAt()).toBe(slots[0] ?? null)
        expect(table.earliestSlot()).toBe(slots[0] ?? null)
        expect(table.due(500, 7).map((row) => table.nextSlot(row))).toEqual(slots.filter((slot) => slot <= 500).slice(0, 7))
      }),
    )
  })

  it('leaves rows out of the due index that may not fire', () => {
    const table = new ScheduleTable<null>(() => null)
    const row = table.add(write('p', 5, false))
    table.index(row, false)
    expect([table.earliestDueAt(), table.due(9, 9)]).toEqual([null, []])
    table.index(row, true)
    expect([table.earliestDueAt(), table.due(9, 9)]).toEqual([5, [row]])
  })

  it('copies a row of another table', () => {
    const [table, other] = [new ScheduleTable<string>(() => 'new'), new ScheduleTable<string>(() => 'side')]
    other.add(write('q', 4, false))
    const row = other.add(write('p', 5, false))
    other.redefine(row, 't', '1')
    other.addSlots(row, 3)
    other.ensureDetail(row)
    const copy = table.adopt(other, row)
    expect([table.name(copy), table.spec(copy), table.payload(copy), table.slots(copy), table.generation(copy)]).toEqual([
      'p',
      't',
      '1',
      3,
      2,
    ])
    expect([table.detail(copy), table.createdAt(copy), table.earliestDueAt()]).toEqual(['side', 5, 5])
  })
})
