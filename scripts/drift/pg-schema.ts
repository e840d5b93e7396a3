/** The Postgres schema as its migrations leave it ⇄ its dump in the repository, where a reviewer sees what changes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Finding } from '../findings.ts'
import { runCommand } from '../run-command.ts'
import { ROOT, SOURCE_CONDITION } from '../workspace.ts'

const PACKAGE = join(ROOT, 'packages', 'adapter-pg')
const PROGRAM = join(PACKAGE, 'test', 'schema', 'print-schema.ts')
const DUMP = join(PACKAGE, 'schema.sql')

/** What to write instead of comparing. */
export interface PgSchemaWrites {
  /** The dump. */
  readonly update: boolean
  /** The present version of the schema, as a release that later ones are tested against. */
  readonly freeze: boolean
}

/** A finding when the dump is another one. The schema is made in PGlite: no server is needed. */
export async function comparePgSchema({ update, freeze }: PgSchemaWrites): Promise<readonly Finding[]> {
  const { code, output, stdout } = await runCommand(process.execPath, [`--conditions=${SOURCE_CONDITION}`, PROGRAM], { cwd: PACKAGE })
  if (code !== 0) return [error(PROGRAM, `The schema cannot be made:\n${output}`)]
  if (update) writeFileSync(DUMP, stdout)
  if (freeze) await freezeRelease()
  const committed = existsSync(DUMP) ? readFileSync(DUMP, 'utf8') : ''
  if (committed === stdout) return []
  return [error(DUMP, `The schema has changed. If that is meant: "pnpm check:drift --update".\n${changedLines(committed, stdout)}`)]
}

/** Lines that only one side has; enough to see what changed. */
export function changedLines(before: string, after: string): string {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  const [known, present] = [new Set(old), new Set(fresh)]
  return [
    ...old.filter((line) => !present.has(line)).map((line) => `- ${line}`),
    ...fresh.filter((line) => !known.has(line)).map((line) => `+ ${line}`),
  ].join('\n')
}

async function freezeRelease(): Promise<void> {
  const args = [`--conditions=${SOURCE_CONDITION}`, PROGRAM, '--release']
  const { stdout } = await runCommand(process.execPath, args, { cwd: PACKAGE })
  const version = / to (\d+)\.$/m.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`${PROGRAM} --release does not say which version it prints.`)
  const file = join(PACKAGE, 'test', 'fixtures', `schema-${version}.sql`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, stdout)
}

function error(file: string, message: string): Finding {
  return { rule: 'drift', severity: 'error', file, line: 0, message }
}
