import { describe, expect, it } from 'vitest'
import ts from 'typescript'
import { findOddFences, findTypeErrors, listCommentBlocks, listPageBlocks } from '../docs/blocks.ts'
import { exportedValues, findUntoldExports, isEntry } from '../docs/exports.ts'
import { findDeadLinks } from '../docs/links.ts'
import { anchorOf, parsePage } from '../docs/markdown.ts'
import { matchesOutput } from '../docs/run-block.ts'
import { ROOT } from '../workspace.ts'

const PAGE = `# The title, and \`code\`

<!-- prelude
declare const scheduler: { stop(): number }
-->

See [below](#the-title-and-code) and [nothing](#nowhere), not \`[this](#code)\`.

\`\`\`ts
const stopped: string = scheduler.stop()
\`\`\`

\`\`\`ts run
console.log(1)
\`\`\`

\`\`\`text output
1
\`\`\`

\`\`\`ts nocheck
\`\`\`
`

describe('pages', () => {
  const page = parsePage(PAGE)

  it('have headings with the anchors that GitHub gives', () => {
    expect(anchorOf('The title, and `code`')).toBe('the-title-and-code')
    expect(parsePage('# A\n# A\n').headings.map((heading) => heading.anchor)).toEqual(['a', 'a-1'])
  })

  it('have links, and dead ones are found', () => {
    const file = `${ROOT}/PAGE.md`
    expect(findDeadLinks(new Map([[file, page]]), ROOT).map((finding) => finding.line)).toEqual([7])
    const far = parsePage('[a](no-such-file.md) [b](../../etc/passwd) [c](http://example.com) [d](https://example.com) [e](package.json)')
    expect(findDeadLinks(new Map([[file, far]]), ROOT)).toHaveLength(3)
  })

  it('have blocks whose type errors are told at their lines', () => {
    const blocks = listPageBlocks('/planted/page.md', page, '/planted')
    const errors = findTypeErrors(blocks.slice(0, 1), {
      strict: true,
      noEmit: true,
      types: [],
      moduleDetection: ts.ModuleDetectionKind.Force,
    })
    expect(errors.map(({ line, message }) => [line, message])).toEqual([[10, "Type 'number' is not assignable to type 'string'."]])
  })

  it('have blocks that run, with the output they promise', () => {
    const blocks = listPageBlocks('/planted/page.md', page, '/planted')
    expect(blocks.map((block) => [block.isRun, block.output])).toEqual([
      [false, null],
      [true, '1'],
      [false, null],
    ])
  })

  it('may not ask to be left alone', () => {
    expect(findOddFences('/planted/page.md', page).map((finding) => finding.line)).toEqual([21])
  })
})

describe('doc comments', () => {
  it('have blocks at their lines', () => {
    const text = '/** One. */\n\n/**\n * Two.\n *\n * ```ts\n * const a = 1\n * ```\n */\n'
    expect(listCommentBlocks('/planted/a.ts', text, '/planted').map((block) => [block.line, block.code])).toEqual([[7, 'const a = 1\n']])
  })
})

describe('matchesOutput', () => {
  it.each([
    ['a\nb\n', 'a\nb', true],
    ['run 17 done', 'run … done', true],
    ['run 17', 'run … done', false],
    ['a', 'a\nb', false],
    ['a\nb\nc\nd', 'a\n…\nd', true],
    ['a\nd', 'a\n…\nd', true],
    ['a\nb\nc', 'a\n…\nd', false],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
  ])('%j against %j: %j', (printed, expected, same) => {
    expect(matchesOutput(printed, expected)).toBe(same)
  })
})

describe('exported values', () => {
  const entry =
    "// What it makes\nexport { makeThing, MORE as THING_DEFAULTS } from './thing.ts'\nexport type { Thing } from './thing.ts'\nexport {\n  other,\n  type Other,\n} from './other.ts'\n"

  it('are read off an entry, without types', () => {
    expect(exportedValues(entry)).toEqual(['makeThing', 'THING_DEFAULTS', 'other'])
    expect(
      ['src/index.ts', 'src/store/index.ts', 'src/engine/index.ts', 'src/store/runs.ts'].map((path) => isEntry(`/packages/a/${path}`)),
    ).toEqual([true, true, false, false])
  })

  it('that no page names are found', () => {
    const findings = findUntoldExports(new Map([['index.ts', entry]]), ['`makeThing` makes one, and another.', 'THING_DEFAULTS'])
    expect(findings).toMatchObject([{ rule: 'export', file: 'index.ts', line: 5, message: expect.stringContaining('"other"') }])
  })
})
