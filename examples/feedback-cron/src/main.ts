/** Entry point: runs the service, or with `--once` one aggregation. Exit codes: 0 done, 1 failed, 2 wrong use or environment. */
import type { Store } from '@quarterjack/core/store'
import { type Config, ConfigError, readConfig } from './config.ts'
import { aggregateOnce, createFeedbackService } from './feedback-service.ts'
import { openStore } from './open-store.ts'

const USAGE = `Usage: node src/main.ts [--once]

Without options: aggregates at once, then every AGENT_FEEDBACK_EVERY_HOURS hours, until SIGTERM.
  --once   aggregate now, once; the exit code is 0 when it succeeded, 1 when it failed
  --help   show this`

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) return say(USAGE, 0)
  const unknown = args.find((arg) => arg !== '--once')
  if (unknown !== undefined) return complain(`Unknown option: ${unknown}\n\n${USAGE}`)
  const config = readConfigOrNull()
  if (config === null) return 2
  const { store, close } = await openStore(config)
  try {
    if (args.includes('--once')) return (await aggregateOnce(config, { store })) ? 0 : 1
    await serve(config, store)
    return 0
  } finally {
    await close()
  }
}

async function serve(config: Config, store: Store): Promise<void> {
  const service = createFeedbackService(config, { store })
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  await service.start()
  await stopped
  await service.stop()
}

function readConfigOrNull(): Config | null {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    return null
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
