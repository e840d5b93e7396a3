import { describe, expect, it } from 'vitest'
import { findCycles, listCycles } from '../shape/cycles.ts'
import { plant } from './planted.ts'

const graph = (edges: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]))

describe('listCycles', () => {
  it('finds nothing in a tree', () => {
    expect(listCycles(graph({ a: ['b', 'c'], b: ['c'] }))).toEqual([])
  })

  it('finds a file that imports itself, a pair, and the shortest way round a knot', () => {
    expect(listCycles(graph({ a: ['a'] }))).toEqual([['a']])
    expect(listCycles(graph({ a: ['b'], b: ['a'] }))).toEqual([['a', 'b']])
    expect(listCycles(graph({ a: ['b', 'c'], b: ['c'], c: ['d'], d: ['a', 'b'] }))).toEqual([['a', 'c', 'd']])
  })

  it('finds each of two separate knots', () => {
    expect(listCycles(graph({ a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'] }))).toHaveLength(2)
  })
})

describe('findCycles', () => {
  it('counts type imports and export-from', () => {
    const units = plant({
      'packages/core/src/run/a.ts': `import type { B } from './b.ts'`,
      'packages/core/src/run/b.ts': `export { A } from './a.ts'`,
    })
    expect(findCycles(units).map((finding) => finding.rule)).toEqual(['file-cycle'])
  })

  it('finds folders that need each other through different files', () => {
    const units = plant({
      'packages/core/src/run/a.ts': `import { c } from '../job/c.ts'`,
      'packages/core/src/run/b.ts': '',
      'packages/core/src/job/c.ts': '',
      'packages/core/src/job/d.ts': `type B = import('../run/b.ts').B`,
    })
    expect(findCycles(units).map((finding) => finding.message)).toEqual(['job → run → job. Move what both need further down.'])
  })
})
