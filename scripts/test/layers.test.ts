import { describe, expect, it } from 'vitest'
import { findLayerBreaks } from '../shape/layers.ts'
import { PLANTED_ROOT, plant } from './planted.ts'

const facts = {
  coreDir: `${PLANTED_ROOT}/packages/core`,
  publicEntries: new Set(['@quarterjack/core', '@quarterjack/core/store']),
  testEntries: new Set(['@quarterjack/fault-kit/judge']),
}
const judge = (files: Readonly<Record<string, string>>): readonly string[] =>
  findLayerBreaks(plant(files), facts).map((finding) => `${finding.rule}: ${finding.message}`)

describe('layers of core', () => {
  it('lets a folder import from below', () => {
    expect(judge({ 'packages/core/src/engine/a.ts': `import '../store/b.ts'`, 'packages/core/src/store/b.ts': '' })).toEqual([])
  })

  it.each([
    ['store', 'engine'],
    ['cli', 'testing'],
    ['testing', 'otel'],
    ['errors', 'time'],
  ])('refuses %s importing %s, types included', (from, to) => {
    const found = judge({
      [`packages/core/src/${from}/a.ts`]: `import type { B } from '../${to}/b.ts'`,
      [`packages/core/src/${to}/b.ts`]: '',
    })
    expect(found).toEqual([`layer: ${from} may not import ${to}: it stands above or beside it.`])
  })

  it('refuses the entry importing the CLI', () => {
    const found = judge({ 'packages/core/src/index.ts': `export { a } from './cli/a.ts'`, 'packages/core/src/cli/a.ts': '' })
    expect(found).toEqual(['layer: index.ts may not import cli: it stands above or beside it.'])
  })

  it('refuses a folder without a place, and an import without its extension', () => {
    expect(judge({ 'packages/core/src/stuff/a.ts': '' })).toHaveLength(1)
    expect(judge({ 'packages/core/src/job/a.ts': `import '../run/b'`, 'packages/core/src/run/b.ts': '' })).toHaveLength(1)
  })

  it('keeps dependencies in their homes', () => {
    expect(judge({ 'packages/core/src/cli/a.ts': `import { Command } from 'commander'` })).toEqual([])
    expect(judge({ 'packages/core/src/engine/a.ts': `import { Command } from 'commander'` })).toHaveLength(1)
    expect(judge({ 'packages/core/src/engine/a.ts': `import { z } from 'zod'` })).toHaveLength(1)
    expect(judge({ 'packages/core/src/testing/a.ts': `import { it } from 'vitest'` })).toHaveLength(1)
    expect(judge({ 'packages/core/src/engine/a.ts': `import { readFile } from 'fs'` })).toHaveLength(1)
  })
})

describe('walls between packages', () => {
  it('lets others import public entries only', () => {
    expect(judge({ 'packages/adapter-pg/src/a.ts': `import '@quarterjack/core/store'` })).toEqual([])
    expect(judge({ 'packages/adapter-pg/src/a.ts': `import '../../core/src/store/store.ts'` })).toHaveLength(1)
    expect(judge({ 'examples/demo/src/a.ts': `import '@quarterjack/core/dist/index.js'` })).toHaveLength(1)
  })

  it('lets tests alone import what they share', () => {
    expect(judge({ 'packages/adapter-pg/test/a.test.ts': `import '@quarterjack/fault-kit/judge'` })).toEqual([])
    expect(judge({ 'packages/adapter-pg/src/a.ts': `import '@quarterjack/fault-kit/judge'` })).toHaveLength(1)
    expect(judge({ 'packages/adapter-pg/test/a.test.ts': `import '@quarterjack/fault-kit/nothing'` })).toHaveLength(1)
    expect(judge({ 'packages/adapter-pg/test/a.test.ts': `import '../../../fault-kit/src/judge.ts'` })).toHaveLength(1)
    expect(judge({ 'fault-kit/src/suites/a.ts': `import '../judge.ts'`, 'fault-kit/src/judge.ts': '' })).toEqual([])
    expect(judge({ 'fault-kit/src/judge.ts': `import '../../packages/core/src/index.ts'` })).toHaveLength(1)
  })
})
