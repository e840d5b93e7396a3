/** How much a user's bundle grows: gzip of what they import, with a ceiling, and without the parts they did not ask for. */
import { gzipSync } from 'node:zlib'
import { type BuildResult, build } from 'esbuild'
import { conclude, type Finding } from './findings.ts'
import { ROOT, SOURCE_CONDITION } from './workspace.ts'
import { join } from 'node:path'

interface Bundle {
  readonly name: string
  readonly code: string
  readonly ceilingBytes: number
  /** Source paths that it may not hold, besides those of all bundles. */
  readonly mustNotHold: readonly RegExp[]
  /** Names of options that it may not hold: what a module does when it is loaded stays in a bundle of the build, whoever imports it. */
  readonly mustNotSay: readonly string[]
}

/** Bundles that are measured. Raise a ceiling only with a reason in the changeset. */
const BUNDLES: readonly Bundle[] = [
  {
    name: 'scheduler + memory store',
    code: `import { createScheduler, defineJob, cron, every, at, memoryStore } from '@quarterjack/core'
           console.log(createScheduler, defineJob, cron, every, at, memoryStore)`,
    // A quarter of it is cron-parser with luxon.
    ceilingBytes: 118_000,
    // No code of rollups, but for the requests of their runs and the holds on backfills that others work on.
    mustNotHold: [
      /\/core\/src\/rollup\/(?!rollup-run\.|backfill-progress\.)/,
      /\/core\/src\/engine\/(?:rollup-engine|define-rollups|drain-loop)\./,
      /\/core\/src\/scheduler\/(?:define-rollup|create-rollups|rollups-group|read-freshness|verify-rollup)\./,
    ],
    mustNotSay: ['allowedLateness', 'lookback'],
  },
  {
    name: 'with rollups',
    code: `import { createScheduler, defineJob, defineRollup, cron, every, at, memoryStore } from '@quarterjack/core'
           console.log(createScheduler, defineJob, defineRollup, cron, every, at, memoryStore)`,
    ceilingBytes: 137_800,
    mustNotHold: [],
    mustNotSay: [],
  },
]

/** Source paths that none of these bundles may hold. */
const MUST_NOT_HOLD: readonly RegExp[] = [
  /packages\/core\/src\/(?:testing|cli|otel)\//,
  /\/node_modules\/(?:commander|fast-check|pino|vitest|@opentelemetry)\//,
  /\/node_modules\/zod\/v4\/(?:classic|locales\/(?!en\.)\w)/,
  /\/node_modules\/zod\/v3\//,
]

const file = join(ROOT, 'scripts', 'size.ts')
const findings: Finding[] = []
const lines: string[] = []
for (const { name, code, ceilingBytes, mustNotHold, mustNotSay } of BUNDLES) {
  const error = (message: string): number =>
    findings.push({ rule: 'size', severity: 'error', file, line: 0, message: `${name}: ${message}` })
  const built = await bundle(code, [])
  const contents = built.outputFiles?.[0]?.contents ?? new Uint8Array()
  const bytes = gzipSync(contents, { level: 9 }).length
  if (bytes > ceilingBytes) error(`${kilobytes(bytes)} gzipped is above the ceiling of ${kilobytes(ceilingBytes)}.`)
  lines.push(`${name}: ${kilobytes(bytes)} of ${kilobytes(ceilingBytes)} gzipped`)

  const text = Buffer.from(contents).toString()
  for (const word of mustNotSay) if (text.includes(word)) error(`it holds what has "${word}".`)

  // Chunks of the build have no telling names: which sources get in is read off a bundle of the sources.
  const fromSource = await bundle(code, [SOURCE_CONDITION])
  const outputs = Object.values(fromSource.metafile?.outputs ?? {})
  const held = outputs.flatMap(({ inputs }) => Object.entries(inputs).filter(([, part]) => part.bytesInOutput > 0))
  for (const [path, part] of held) {
    if ([...MUST_NOT_HOLD, ...mustNotHold].some((pattern) => pattern.test(`/${path}`)))
      error(`it holds ${path} (${part.bytesInOutput} bytes).`)
  }
  if (process.argv.includes('--parts')) {
    console.log(name)
    for (const [path, part] of held.sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput).slice(0, 40)) {
      console.log(`${String(part.bytesInOutput).padStart(8)}  ${path}`)
    }
  }
}
conclude(findings, lines.join('; '))

function bundle(code: string, conditions: readonly string[]): Promise<BuildResult> {
  return build({
    stdin: { contents: code, resolveDir: ROOT },
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    conditions: [...conditions],
    logLevel: 'silent',
  })
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
