/** Entry point. Exit code 2 when the environment is wrong. */
import { ConfigError, DEV_TOKEN, readConfig } from './config.ts'

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
  const { createPipeline } = await import('./pipeline.ts')
  const pipeline = await createPipeline(config)
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  const url = await pipeline.start()
  console.error(`Feedback pipeline on ${url}`)
  if (config.tokens.dashboard.includes(DEV_TOKEN)) {
    console.error(`  curl ${url}/clusters -H "Authorization: Bearer ${DEV_TOKEN}"`)
  }
  await stopped
  await pipeline.stop()
}
