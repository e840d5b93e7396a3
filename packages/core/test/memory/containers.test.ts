/** The containers under the memory store, each against a plain array that does the same slowly. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Chain, type Link } from '../../src/memory/chain.ts'
import { DueHeap } from '../../src/memory/due-heap.ts'
import { ExpiringMap } from '../../src/memory/expiring-map.ts'
import { Heap } from '../../src/memory/heap.ts'
import { RecentMap } from '../../src/memory/recent-map.ts'
import { SortedLog } from '../../src/memory/sorted-log.ts'

interface Item {
  rank: number
  readonly id: number
  heapIndex: number
}

const byRank = (a: { rank: number; id: number }, b: { rank: number; id: number }): number => a.rank - b.rank || a.id - b.id
const steps = fc.array(fc.tuple(fc.constantFrom('push', 'push', 'pop', 'remove', 'update'), fc.nat(50), fc.nat(1_000)), { maxLength: 200 })

describe('Heap', () => {
  it('gives the first item, whatever was pushed, moved and removed', () => {
    fc.assert(
      fc.property(steps, (actions) => {
        const heap = new Heap<Item>((a, b) => byRank(a, b) < 0)
        let model: Item[] = []
        // Items of one rank come in the order of their ids, so no two may have the same.
        let made = 0
        for (const [action, rank, choice] of actions) {
          const chosen = model[choice % Math.max(1, model.length)]
          if (action === 'push') {
            const item = { rank, id: made++, heapIndex: -1 }
            heap.push(item)
            model.push(item)
          } else if (action === 'pop') {
            model = model.sort(byRank)
            const [first, ...rest] = model
            expect(heap.pop()).toBe(first)
            model = rest
          } else if (chosen !== undefined && action === 'remove') {
            heap.remove(chosen)
            expect(chosen.heapIndex).toBe(-1)
            model = model.filter((item) => item !== chosen)
          } else if (chosen !== undefined) {
            chosen.rank = rank
            heap.update(chosen)
          }
          expect(heap.size).toBe(model.length)
          expect(heap.peek()?.rank).toBe(model.length === 0 ? undefined : Math.min(...model.map((item) => item.rank)))
        }
      }),
    )
  })

  it('finds the first item that passes, and looks no further than needed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100)), fc.integer({ min: 1, max: 5 }), (ranks, divisor) => {
        const heap = new Heap<Item>((a, b) => byRank(a, b) < 0)
        const items = ranks.map((rank, id) => ({ rank, id, heapIndex: -1 }))
        for (const item of items) heap.push(item)
        const expected = items.filter((item) => item.rank % divisor === 0).sort(byRank)[0]
        const asked: Item[] = []
        const found = heap.first((item) => {
          asked.push(item)
          return item.rank % divisor === 0
        })
        expect(found).toBe(expected)
        if (divisor === 1) expect(asked.length).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('DueHeap', () => {
  it('gives what is due in order, whatever moved', () => {
    fc.assert(
      fc.property(steps, fc.nat(50), fc.nat(20), (actions, now, limit) => {
        const dueAt: number[] = []
        const heap = new DueHeap((row) => dueAt[row] as number)
        const inside = new Set<number>()
        for (const [action, at, choice] of actions) {
          const row = choice % 40
          if (action === 'remove' || action === 'pop') {
            heap.remove(row)
            inside.delete(row)
          } else {
            dueAt[row] = at
            heap.put(row)
            inside.add(row)
          }
          expect(heap.has(row)).toBe(inside.has(row))
        }
        const instants = [...inside].map((row) => dueAt[row] as number).sort((a, b) => a - b)
        expect(heap.earliest === -1 ? undefined : dueAt[heap.earliest]).toBe(instants[0])
        expect([...heap.rows()].sort()).toEqual([...inside].sort())
        const due = heap.due(now, limit)
        expect(due.map((row) => dueAt[row])).toEqual(instants.filter((at) => at <= now).slice(0, limit))
        expect(new Set(due).size).toBe(due.length)
      }),
    )
  })

  it('looks at what it gives, not at what it keeps', () => {
    let looks = 0
    const heap = new DueHeap((row) => {
      looks++
      return row
    })
    for (let row = 0; row < 100_000; row++) heap.put(row)
    looks = 0
    expect(heap.due(9, 500)).toHaveLength(10)
    expect(looks).toBeLessThan(200)
  })
})

describe('Chain', () => {
  it('keeps the order in which items came', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(1_000)), { maxLength: 100 }), (actions) => {
        const chain = new Chain<number>()
        let links: Link<number>[] = []
        for (const [isPush, choice] of actions) {
          const link = links[choice % Math.max(1, links.length)]
          if (isPush || link === undefined) links.push(chain.push(choice))
          else {
            chain.remove(link)
            links = links.filter((other) => other !== link)
          }
          const seen: Link<number>[] = []
          for (let at = chain.first; at !== null; at = at.next) seen.push(at)
          expect(seen).toEqual(links)
          expect(chain.size).toBe(links.length)
        }
      }),
    )
  })
})

describe('SortedLog', () => {
  it('reads in order from either side, holes left out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(60)), { maxLength: 150 }),
        fc.integer({ min: -1, max: 61 }),
        (actions, from) => {
          const log = new SortedLog<{ rank: number; id: number }>()
          let model: { rank: number; id: number }[] = []
          actions.forEach(([action, rank], id) => {
            const item = { rank, id }
            const removed = model.find((other) => other.rank === rank)
            if (action > 0 || removed === undefined) {
              log.add(rank, item)
              model.push(item)
            } else {
              log.remove(rank, removed)
              model = model.filter((other) => other !== removed)
            }
          })
          model.sort(byRank)
          expect(log.size).toBe(model.length)
          expect([...log.above(from)]).toEqual(model.filter((item) => item.rank > from))
          expect([...log.below(from)]).toEqual(model.filter((item) => item.rank < from).reverse())
        },
      ),
    )
  })
})

describe('ExpiringMap', () => {
  it('shows an entry until its end, and the newest of a key', () => {
    const map = new ExpiringMap<string>()
    map.set('k', 'first', { expiresAt: 10, now: 0 })
    expect(map.get('k', 9)?.value).toBe('first')
    expect(map.get('k', 10)).toBeUndefined()
    map.set('k', 'second', { expiresAt: 30, now: 10 })
    expect(map.get('k', 20)).toMatchObject({ value: 'second', expiresAt: 30 })
  })

  it('takes over what it lacks', () => {
    const [mine, other] = [new ExpiringMap<string>(), new ExpiringMap<string>()]
    mine.set('k', 'mine', { expiresAt: 10, now: 0 })
    other.set('k', 'other', { expiresAt: 10, now: 0 })
    other.set('l', 'other', { expiresAt: 10, now: 0 })
    mine.absorb(other)
    expect([mine.get('k', 0)?.value, mine.get('l', 0)?.value]).toEqual(['mine', 'other'])
    expect(mine.get('l', 10)).toBeUndefined()
  })
})

describe('RecentMap', () => {
  it('remembers at least the newest entries, and not everything', () => {
    const map = new RecentMap<number, string>(10)
    for (let key = 0; key < 95; key++) map.set(key, `${key}`)
    for (let key = 85; key < 95; key++) expect(map.get(key)).toBe(`${key}`)
    expect(map.has(70)).toBe(false)
  })
})
