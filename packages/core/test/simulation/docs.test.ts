import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { INVARIANTS } from './history.ts'
import { MORE_MUTANTS, MUTANTS } from './mutants.ts'

const PAGE = readFileSync(new URL('../../../../docs/simulation.md', import.meta.url), 'utf8')

it('the page lists every invariant, and nothing else', () => {
  const [, table = ''] = PAGE.split('## What must hold')
  const listed = [...(table.split('## Does it')[0] ?? '').matchAll(/\| `([a-z-]+)` \|/g)].map(([, name]) => name)
  expect(listed.toSorted()).toEqual([...INVARIANTS].sort())
})

it('the page lists every mutant, in order', () => {
  const [, table = ''] = PAGE.split('| fault | found as |')
  const listed = [...(table.split('## When')[0] ?? '').matchAll(/^\| ([^|`-][^|]*) \| `/gm)].map(([, name]) => name)
  expect(listed).toEqual([...MUTANTS, ...MORE_MUTANTS].map(({ name }) => name))
})
