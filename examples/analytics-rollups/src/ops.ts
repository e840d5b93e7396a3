/** `pnpm ops …`: the library's command line for this service: suspend, resume, rollups, backfill, backfills, verify, health, audit, … */
import { runCli } from '@quarterjack/core/cli'
import { readConfig } from './config.ts'
import { openDatabase } from './db/open-database.ts'
import { createCore } from './service/analytics-service.ts'

const config = readConfig(process.env)
const db = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir })
try {
  // Log lines would get in the way of --json.
  const { scheduler } = createCore(config, db, { write: (line) => console.error(line) })
  process.exitCode = await runCli(scheduler, process.argv.slice(2), { name: 'pnpm ops' })
} finally {
  await db.close()
}
