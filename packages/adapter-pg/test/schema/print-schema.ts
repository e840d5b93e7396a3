/**
 * Prints the schema as the newest migration leaves it, which is what `schema.sql` holds; with `--release`, the text that
 * makes it. It needs no server: PGlite serves.
 */
import { PGlite } from '@electric-sql/pglite'
import { pgStore, schemaSql } from '../../src/index.ts'
import { dumpSchema } from './dump-schema.ts'

if (process.argv.includes('--release')) process.stdout.write(schemaSql())
else {
  const pglite = await PGlite.create()
  await pgStore({ pglite, hints: false }).open()
  process.stdout.write(await dumpSchema(async (sql) => (await pglite.query<Record<string, unknown>>(sql)).rows, 'quarterjack'))
  await pglite.close()
}
