import { describe, expect, it } from 'vitest'
import { findLostPages, readNavigation } from '../docs/navigation.ts'

const INDEX = `# Documentation

1. [Elsewhere](elsewhere.md) comes first.

## Guides

| page | |
|---|---|
| [One](one.md) | and [two](two.md) |
| [Three \`code\`](sub/three.md#part) | |
| [Four](four/README.md) | from [five](four/five.md), as [one](one.md) |

## Prose

Decisions: [a](decisions/0001-a.md),
[b](decisions/0002-b.md).
`

describe('the navigation', () => {
  it('follows the tables of the index, and ends with the decisions', () => {
    expect(readNavigation(INDEX)).toEqual([
      {
        title: 'Guides',
        items: [
          { title: 'One', target: 'one.md' },
          { title: 'Three `code`', target: 'sub/three.md#part' },
          { title: 'Four', target: 'four/README.md', items: [{ title: 'five', target: 'four/five.md' }] },
        ],
      },
      {
        title: 'Decisions',
        items: [
          { title: 'a', target: 'decisions/0001-a.md' },
          { title: 'b', target: 'decisions/0002-b.md' },
        ],
      },
    ])
  })

  it('misses no page: one that no row begins with is an error', () => {
    const files = ['README.md', 'one.md', 'two.md', 'sub/three.md', 'four/five.md', 'decisions/0001-a.md', 'decisions/0003-c.md'].map(
      (path) => `/r/docs/${path}`,
    )
    const lost = findLostPages('/r/docs/README.md', INDEX, ['/r/README.md', ...files])
    expect(lost.map(({ file }) => file)).toEqual(['/r/docs/two.md', '/r/docs/decisions/0003-c.md'])
  })
})
