import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createTypedProgram, findFloatingPromises, findUndocumentedExports } from '../shape/typed.ts'

const folder = mkdtempSync(join(tmpdir(), 'quarterjack-typed-'))
const file = join(folder, 'planted.ts')
writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "target": "ES2023", "strict": true, "types": [] } }')
writeFileSync(
  file,
  `/** The file. */
declare function save(): Promise<void>
declare function count(): number

let kept: Promise<void> | undefined
/** Told. */
export const told = 1
export const untold = 2

export async function work(): Promise<void> {
  save()
  await save()
  void save()
  save().catch(() => {})
  save().then(() => {}, () => {})
  save().finally(() => {})
  save().catch(() => {}).finally(() => {})
  kept = save()
  kept ??= save()
  count()
}
`,
)
const program = createTypedProgram(join(folder, 'tsconfig.json'), [file])
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('rules that need types', () => {
  it('find dropped promises', () => {
    expect(findFloatingPromises(program, [file]).map((finding) => finding.line)).toEqual([11, 16])
  })

  it('find exports without a doc comment', () => {
    const entry = { specifier: 'planted', subpath: '.', source: file, types: file, module: file }
    expect(
      findUndocumentedExports(program, [entry])
        .map((finding) => finding.line)
        .sort((a, b) => a - b),
    ).toEqual([8, 10])
  })
})
