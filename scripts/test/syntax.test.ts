import { describe, expect, it } from 'vitest'
import { applyAllowances } from '../shape/allowances.ts'
import { findSyntaxFaults } from '../shape/syntax.ts'
import { plant } from './planted.ts'

const rules = (path: string, text: string): readonly string[] =>
  plant({ [path]: text })
    .flatMap(findSyntaxFaults)
    .map((finding) => finding.rule)
const inCore = (text: string): readonly string[] => rules('packages/core/src/engine/plan.ts', `/** Planted. */\n${text}`)

describe('syntax rules', () => {
  it.each([
    ['const a: any = 1', 'any'],
    ['const a = 1 as any', 'any'],
    ['type A = Record<string, any>', 'any'],
    ['export default 1', 'default-export'],
    ['export default function run() {}', 'default-export'],
    [`export * from './a.ts'`, 'export-star'],
    ['// @ts-ignore\nconst a = 1', 'silenced-compiler'],
    ['// @ts-nocheck', 'silenced-compiler'],
  ])('%s breaks %s', (text, rule) => {
    expect(inCore(text)).toContain(rule)
  })

  it('does not mistake words for code', () => {
    expect(inCore(`const any = 'any'; const note = '@ts-ignore'; // any default will do\n// @ts-expect-error: on purpose\n`)).toEqual([])
  })

  it('warns about size and a missing doc line', () => {
    expect(inCore('\n'.repeat(320))).toEqual(['size'])
    expect(rules('packages/core/src/engine/plan.ts', 'const a = 1')).toEqual(['doc-line'])
  })

  it('judges names', () => {
    expect(rules('packages/core/src/engine/utils.ts', '/** x */')).toEqual(['file-name'])
    expect(rules('packages/core/src/engine/planSlots.ts', '/** x */')).toEqual(['file-name'])
    expect(rules('packages/core/test/engine/plan-slots.test.ts', '')).toEqual([])
  })
})

// Not spelled out, so that the checks do not read these as allowances of this very file.
const ALLOW = 'shape-allow'

describe('allowances', () => {
  const judge = (text: string): readonly string[] => {
    const units = plant({ 'packages/core/src/engine/plan.ts': `/** Planted. */\n${text}` })
    const texts = new Map(units.map((unit) => [unit.file, unit.source.text]))
    return applyAllowances(units.flatMap(findSyntaxFaults), texts).map((finding) => finding.rule)
  }

  it('take out the finding on their line or the next', () => {
    expect(judge(`const a: any = 1 // ${ALLOW} any: the parser gives nothing better`)).toEqual([])
    expect(judge(`// ${ALLOW} any: the parser gives nothing better\nconst a: any = 1`)).toEqual([])
  })

  it('need a reason, the right rule, and something to allow', () => {
    expect(judge(`const a: any = 1 // ${ALLOW} any:`)).toEqual(['any'])
    expect(judge(`const a: any = 1 // ${ALLOW} size: no`)).toEqual(['any', 'idle-allowance'])
  })
})
