/** Entry point. Exit code 2 when the environment is wrong. */
import { ConfigError, DEV_SECRET, readConfig } from './config.ts'

try {
  await main()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

async function main(): Promise<void> {
  const config = readConfig(process.env)
  // A wrong environment is told before the database is loaded.
  const { createGateway } = await import('./gateway.ts')
  const gateway = await createGateway(config)
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  const url = await gateway.start()
  console.log(`Gateway on ${url}, schedules ${config.isScheduled ? 'inside' : 'left to an external cron'}`)
  console.log(`  curl ${url}/api/v1/workers/health`)
  if (config.cronSecrets.includes(DEV_SECRET)) {
    console.log(`  curl -X POST ${url}/api/v1/workers/reset-credits -H "Authorization: Bearer ${DEV_SECRET}"`)
  }
  await stopped
  await gateway.stop()
}
