/** `pnpm analytics:aggregate`: by hand, and for CronJobs. */
import { aggregate } from './aggregate/aggregate.ts'
import { readArgs, USAGE } from './aggregate/read-args.ts'
import { ConfigError, readConfig } from './config.ts'

process.exitCode = await main()

async function main(): Promise<number> {
  const task = readArgs(process.argv.slice(2), Date.now())
  if (task.kind === 'help') return say(USAGE, 0)
  if (task.kind === 'wrong') return complain(`${task.problem}\n\n${USAGE}`)
  try {
    const config = readConfig(process.env)
    const { openDatabase } = await import('./db/open-database.ts')
    const { createCore } = await import('./service/analytics-service.ts')
    const { prepareData } = await import('./service/prepare-data.ts')
    const db = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir })
    try {
      const { scheduler, rollups } = createCore(config, db)
      await prepareData(db, rollups, { generateDays: config.generateDays, now: Date.now() })
      await scheduler.start({ runOnStart: false })
      try {
        return (await aggregate(task, { scheduler, rollups, write: console.log })) ? 0 : 1
      } finally {
        await scheduler.stop()
      }
    } finally {
      await db.close()
    }
  } catch (error) {
    if (error instanceof ConfigError) return complain(error.message)
    throw error
  }
}

function say(text: string, code: number): number {
  console.log(text)
  return code
}

function complain(text: string): number {
  console.error(text)
  return 2
}
