/** Entry point: runs the service, or with `--once` one aggregation. Exit codes: 0 done, 1 failed, 2 wrong use or environment. */
import { type Config, ConfigError, readConfig } from './config.ts'
import { aggregateOnce, createFeedbackService } from './feedback-service.ts'

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
  if (args.includes('--once')) return (await aggregateOnce(config)) ? 0 : 1
  await serve(config)
  return 0
}

async function serve(config: Config): Promise<void> {
  const service = createFeedbackService(config)
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
