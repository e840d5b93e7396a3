/** SQL blocks that hold: an embedded Postgres with the store's schema takes each statement. */
import { PGlite } from '@electric-sql/pglite'
import { pgStore } from '@quarterjack/adapter-pg'
import type { Finding } from '../findings.ts'
import type { Page } from './markdown.ts'

/** Roles that pages speak of. */
const ROLES = ['my_service', 'looker']
/** The database that pages speak of, and the one that is there. */
const DATABASE = { named: /\bmy_database\b/g, real: 'postgres' }

/** Every statement that is refused. Tables of the reader's own come from a comment of the page: `<!-- tables … -->`. */
export async function findDeadSql(
  pages: ReadonlyMap<string, Page>,
): Promise<{ readonly findings: readonly Finding[]; readonly count: number }> {
  const database = await PGlite.create()
  const store = pgStore({ pglite: database })
  try {
    await store.open()
    await database.exec(ROLES.map((role) => `create role ${role};`).join('\n'))
    const findings: Finding[] = []
    let count = 0
    for (const [file, { fences, tables }] of pages) {
      await database.exec(tables)
      for (const { code, line } of fences.filter(({ language }) => language === 'sql')) {
        for (const statement of statementsOf(code)) {
          count++
          const fault = await faultOf(database, statement)
          if (fault !== null) findings.push({ rule: 'sql', severity: 'error', file, line, message: `${fault}: ${statement}` })
        }
      }
    }
    return { findings, count }
  } finally {
    await store.close()
    await database.close()
  }
}

/** Without comments; an `…` in a list stands for more of the kind. */
function statementsOf(code: string): readonly string[] {
  return code
    .replace(/--.*$/gm, '')
    .replaceAll(', …', '')
    .replace(DATABASE.named, DATABASE.real)
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '' && statement !== 'begin' && statement !== 'commit')
}

/** Queries are prepared, and not executed: they may have parameters. */
async function faultOf(database: PGlite, statement: string): Promise<string | null> {
  const isQuery = /^(?:select|insert|update|delete|with)\b/i.test(statement)
  try {
    await database.exec(isQuery ? `prepare block as ${statement}; deallocate block` : statement)
    return null
  } catch (error) {
    return (error as Error).message
  }
}
