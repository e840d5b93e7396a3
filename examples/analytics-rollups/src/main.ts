/** Entry point. Exit code 2 when the environment is wrong. */
import { ConfigError, readConfig } from './config.ts'

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
  const { createAnalyticsService } = await import('./service/analytics-service.ts')
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  const service = await createAnalyticsService(config)
  const url = await service.start()
  console.log(`Analytics on ${url}`)
  console.log(`  curl ${url}/health/rollup`)
  console.log(
    config.isTestable
      ? `  curl -X POST ${url}/internal/rollup/trigger`
      : '  POST /internal/rollup/trigger is closed: ENABLE_TEST_ENDPOINTS=true opens it',
  )
  await stopped
  await service.stop()
}
