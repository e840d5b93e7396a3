import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { compareNames } from '../drift/compare-names.ts'
import { findFaultDrift, listSuites } from '../drift/fault-tests.ts'
import { changedLines } from '../drift/pg-schema.ts'
import { listArrows } from '../drift/run-states.ts'
import { ROOT } from '../workspace.ts'

const folder = mkdtempSync(join(tmpdir(), 'quarterjack-drift-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const compare = (defined: readonly string[], text: string | null): readonly string[] => {
  const file = join(folder, 'page.md')
  rmSync(file, { force: true })
  if (text !== null) writeFileSync(file, text)
  return compareNames({
    what: 'error code',
    page: relative(ROOT, file),
    defined,
    form: 'a heading',
    describedIn: (page) => page.headings.map((heading) => ({ name: heading.text, line: heading.line })),
  }).map((finding) => finding.message)
}

describe('compareNames', () => {
  it('holds when both sides say the same', () => {
    expect(compare(['InvalidCron'], '## `InvalidCron`\n')).toEqual([])
  })

  it('finds what one side lacks, what it says twice, and a missing page', () => {
    expect(compare(['InvalidCron'], '')).toEqual(['The error code "InvalidCron" is not described. Write it as a heading.'])
    expect(compare([], '## InvalidCron\n')).toEqual(['The code knows no error code "InvalidCron".'])
    expect(compare(['InvalidCron'], '## InvalidCron\n## InvalidCron\n')).toEqual(['The error code "InvalidCron" is described twice.'])
    expect(compare(['InvalidCron'], null)).toHaveLength(1)
  })
})

describe('listArrows', () => {
  it('reads labels with several actions, and leaves out arrows without one', () => {
    const diagram = 'stateDiagram-v2\n  [*] --> pending\n  running --> pending: retry, release\n  dead --> [*]\n'
    expect(listArrows(diagram, 10)).toEqual([
      { name: 'running --> pending: retry', line: 12 },
      { name: 'running --> pending: release', line: 12 },
    ])
  })
})

describe('findFaultDrift', () => {
  const POSTGRES = '- Postgres, [`a`](a.test.ts): "holds the store\'s line"'
  /** `items` are those of fault 8, which needs no server. */
  const page = (items: string, others = POSTGRES): string =>
    Array.from({ length: 35 }, (_, index) => `### ${index + 1}. Fault\n\n${index === 7 ? items : others}\n`).join('\n')
  const judge = (text: string): readonly string[] =>
    findFaultDrift(text, 'page.md', (target) => (target === 'a.test.ts' ? "it('holds the store\\'s line')" : null)).map(
      ({ message }) => message,
    )

  it('holds when each fault names tests that are there', () => {
    expect(judge(page('- [`a`](a.test.ts): "holds the store\'s line"'))).toEqual([])
  })

  it.each([
    ['- [`a`](a.test.ts): "holds nothing"', /a\.test\.ts has no test "holds nothing"/],
    ['- [`b`](b.test.ts): "holds"', /There is no b\.test\.ts/],
    ['nothing', /Fault 8 is not there, or does not say/],
    ['- Rollups.\n### 9. Fault', /Fault 9 is there twice/],
  ])('finds %s', (items, message) => {
    expect(judge(page(items))).toEqual([expect.stringMatching(message)])
  })

  it('knows the suites that a test file runs', () => {
    const text = `import { testKill } from '@quarterjack/fault-kit/suites/kill'\nimport { judge } from '@quarterjack/fault-kit/judge'\ntestKill()\n`
    expect(listSuites(text)).toEqual(['suites/kill'])
  })

  it('finds faults of servers that no test of the Postgres store covers', () => {
    const messages = judge(page('- Rollups.', '- Redis.'))
    expect(messages).toContain('Fault 1 names no test of the Postgres store.')
    expect(messages).not.toContain('Fault 9 names no test of the Postgres store.')
  })
})

describe('changedLines', () => {
  it('shows what only one side has', () => {
    expect(changedLines('a\nb\nc\n', 'a\nc\nd\n')).toBe('- b\n+ d')
  })
})
