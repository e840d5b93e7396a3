/** For the migration Job: the schema of the store, the raw tables, the triggers on them. Safe to run again, and beside others. */
import { readConfig } from './config.ts'
import { openDatabase } from './db/open-database.ts'
import { createCore } from './service/analytics-service.ts'
import { prepareData } from './service/prepare-data.ts'

const config = readConfig(process.env)
const db = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir })
try {
  await prepareData(db, createCore(config, db).rollups, { generateDays: 0, now: Date.now() })
  console.log('The database is ready.')
} finally {
  await db.close()
}
