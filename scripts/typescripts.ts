/** The type tests of the public entries, against the packed declarations, under the oldest and the newest supported TypeScript. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { conclude, type Finding } from './findings.ts'
import { runCommand } from './run-command.ts'
import { createConsumer } from './tarballs/consumer.ts'
import { packPackage } from './tarballs/pack.ts'
import { fetchTool, TYPESCRIPT_VERSIONS } from './toolbox.ts'
import { listFiles, listPackages, ROOT, readManifest, show } from './workspace.ts'

const findings: Finding[] = []
// Those of the insides see sources, not declarations; `types` compiles them.
const tests = listFiles('packages/*/test/**/*.test-d.ts').filter((file) => !/from '\.\.?\//.test(readFileSync(file, 'utf8')))
if (tests.length === 0) {
  findings.push({
    rule: 'type-tests',
    severity: 'error',
    file: join(ROOT, 'packages'),
    line: 0,
    message: 'There is no type test (*.test-d.ts) of a public entry.',
  })
}

const packages = listPackages()
const tarballs = await Promise.all(packages.map(packPackage))
const folder = await createConsumer(tarballs, listTypeDependencies())
for (const test of tests) {
  mkdirSync(join(folder, 'tests', dirname(show(test))), { recursive: true })
  cpSync(test, join(folder, 'tests', show(test)))
}
// Type tests write `import { expectTypeOf } from 'vitest'`; vitest's own declarations need a newer compiler than users do.
writeFileSync(
  join(folder, 'vitest.d.ts'),
  `export { expectTypeOf } from 'expect-type'
export declare const describe: (name: string, body: () => void) => void
export declare const assertType: <T>(value: T) => void
export declare const it: (name: string, body: () => void | Promise<void>) => void
export declare const test: (name: string, body: () => void | Promise<void>) => void
`,
)
const specifiers = packages.flatMap(({ entries }) => entries.map(({ specifier }) => specifier))
writeFileSync(join(folder, 'entries.ts'), specifiers.map((specifier, index) => `export * as entry${index} from '${specifier}'\n`).join(''))
const options = {
  target: 'ES2022',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  lib: ['ES2022'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  // Declarations of the packages are judged below, those of others are not ours to mend.
  skipLibCheck: false,
  paths: { vitest: ['./vitest.d.ts'] },
}
writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['entries.ts'], include: ['tests'] }))

const used: string[] = []
for (const version of TYPESCRIPT_VERSIONS) {
  const tool = await fetchTool('typescript', version)
  used.push(tool.version)
  const result = await runCommand(process.execPath, [join(tool.dir, 'bin', 'tsc'), '-p', folder, '--pretty', 'false'], { cwd: folder })
  const errors = result.output.split('\n').filter((line) => /error TS\d+/.test(line))
  const ours = errors.filter((line) => !line.includes('node_modules/') || line.includes('node_modules/@quarterjack/'))
  for (const line of ours) findings.push(fault(`TypeScript ${tool.version}: ${line}`))
  if (result.code !== 0 && errors.length === 0) findings.push(fault(`TypeScript ${tool.version} did not run:\n${result.output}`))
}
for (const tarball of tarballs) rmSync(dirname(tarball.path), { recursive: true, force: true })
rmSync(folder, { recursive: true, force: true })
conclude(findings, `${tests.length} type tests under TypeScript ${used.join(' and ')}`)

/** What the type tests and the declarations import, in the versions of the workspace. */
function listTypeDependencies(): readonly string[] {
  const root = readManifest(ROOT).devDependencies ?? {}
  const core = readManifest(join(ROOT, 'packages', 'core')).devDependencies ?? {}
  const names = ['@types/node', 'expect-type', 'zod', 'pino', '@opentelemetry/api', '@standard-schema/spec']
  return names.map((name) => `${name}@${core[name] ?? root[name] ?? 'latest'}`)
}

function fault(message: string): Finding {
  return { rule: 'typescript', severity: 'error', file: join(ROOT, 'packages'), line: 0, message }
}
