/** `health`: the exit code for a container's health check. */
import { askProcess } from '../ask-process.ts'
import type { CliCommand, CommandContext, CommandResult } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { healthExitCode, renderHealth } from '../health-view.ts'

interface HealthOptions {
  readonly url?: string
  readonly allowRemote?: true
}

/** The environment variable that gives `--url` its default. */
const HEALTH_URL_VARIABLE = 'QUARTERJACK_HEALTH_URL'

const TIMEOUT_MS = 3_000

/** The command `health`. */
export const healthCommand: CliCommand<HealthOptions> = {
  name: 'health',
  summary: 'is the service well? exit code 0 or 1, for container health checks',
  details:
    `With --url (or ${HEALTH_URL_VARIABLE}) the running process is asked over loopback, 3 s at most: any store will do. ` +
    'Without it, the shared store is asked. Degraded and suspended count as well; unhealthy and stopped do not.',
  examples: ['health --url http://127.0.0.1:3000/health', 'health --json'],
  needsSharedStore: (context, options) => urlOf(context, options) === null,
  define: (command) =>
    command
      .option('--url <url>', `health address of the running process (environment: ${HEALTH_URL_VARIABLE})`)
      .option('--allow-remote', 'permit an address on another host'),
  run: (context, _args, options) => {
    const url = urlOf(context, options)
    return url === null ? ownHealth(context) : processHealth(context, url, options.allowRemote === true)
  },
}

function urlOf(context: CommandContext, options: HealthOptions): string | null {
  return options.url ?? (context.env[HEALTH_URL_VARIABLE] || context.healthUrl || null)
}

async function ownHealth({ scheduler }: CommandContext): Promise<CommandResult> {
  const snapshot = await scheduler.health()
  const told = healthExitCode(snapshot)
  // The snapshot of a client judges the jobs, and cannot know that somebody should be working.
  const deserted = told === EXIT.ok && snapshot.owner === null && snapshot.owners === 0
  const exitCode = deserted ? EXIT.failed : told
  const error = deserted ? 'no live process: nothing fires' : snapshot.store.error
  return {
    exitCode,
    json: { healthy: exitCode === EXIT.ok, source: 'store', url: null, httpStatus: null, error, snapshot },
    text: (layout) => `${deserted ? `${error}\n` : ''}${renderHealth(snapshot, layout)}`,
  }
}

async function processHealth({ clock }: CommandContext, url: string, allowRemote: boolean): Promise<CommandResult> {
  const answer = await askProcess({ url, allowRemote, timeoutMs: TIMEOUT_MS, clock })
  const { snapshot, error } = answer
  const told = snapshot === null ? EXIT.ok : healthExitCode(snapshot)
  const exitCode = error !== null && told === EXIT.ok ? EXIT.failed : told
  return {
    exitCode,
    json: { healthy: exitCode === EXIT.ok, source: 'process', ...answer },
    text: (layout) => {
      const line = `${answer.url} ${error ?? `answered ${answer.httpStatus}`}`
      return snapshot === null ? line : `${line}\n${renderHealth(snapshot, layout)}`
    },
  }
}
