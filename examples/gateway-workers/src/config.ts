/** Environment → configuration. Every problem is reported at once, without values. */
import { cron } from '@quarterjack/core'
import * as z from 'zod'

export interface Config {
  readonly host: string
  readonly port: number
  /** Callers of worker endpoints; the second one while a secret is replaced. */
  readonly cronSecrets: readonly string[]
  /** Reviewers, settings, and the control of jobs. None: closed. */
  readonly adminSecrets: readonly string[]
  readonly databaseUrl: string | undefined
  readonly dataDir: string | undefined
  /** False: an external cron calls. */
  readonly isScheduled: boolean
  /** Of the batch; cron, in UTC. Undefined: every six hours. */
  readonly batchSchedule: string | undefined
}

/** Thrown by {@link readConfig}; the message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Of the document's examples; only where nobody from outside can reach the service. */
export const DEV_SECRET = 'dev-admin-secret'

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

const secrets = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((secret) => secret.trim())
      .filter((secret) => secret !== ''),
  )

const schema = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    PORT: z.coerce
      .number({ error: 'must be a port' })
      .int('must be a port')
      .min(0, 'must be a port')
      .max(65_535, 'must be a port')
      .default(3003),
    CRON_SECRET: secrets,
    ADMIN_SECRET: secrets,
    DATABASE_URL: z.string().optional(),
    DATA_DIR: z.string().optional(),
    SCHEDULES: z.enum(['internal', 'external'], { error: 'must be internal or external' }).default('internal'),
    BATCH_SCHEDULE: z.string().refine(isCron, 'must be a cron expression, such as 0 */6 * * *').optional(),
  })
  .check(({ value, issues }) => {
    if (LOOPBACK.has(value.HOST)) return
    if (value.CRON_SECRET.length === 0) {
      issues.push({
        code: 'custom',
        input: undefined,
        path: ['CRON_SECRET'],
        message: 'must be set when HOST is not the loopback interface',
      })
    }
    if ([...value.CRON_SECRET, ...value.ADMIN_SECRET].includes(DEV_SECRET)) {
      issues.push({ code: 'custom', input: undefined, path: ['CRON_SECRET'], message: 'must not be the one that the documentation shows' })
    }
  })

/** An empty variable counts as not set. Throws {@link ConfigError}. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`)
    throw new ConfigError(`The environment is not right:\n${lines.join('\n')}`)
  }
  const { HOST: host, PORT: port, CRON_SECRET, ADMIN_SECRET, DATABASE_URL: databaseUrl, DATA_DIR: dataDir, SCHEDULES } = parsed.data
  const orDev = (given: readonly string[]): readonly string[] => (given.length === 0 && LOOPBACK.has(host) ? [DEV_SECRET] : given)
  return {
    host,
    port,
    cronSecrets: orDev(CRON_SECRET),
    adminSecrets: orDev(ADMIN_SECRET),
    databaseUrl,
    dataDir,
    isScheduled: SCHEDULES === 'internal',
    batchSchedule: parsed.data.BATCH_SCHEDULE,
  }
}

function isCron(text: string): boolean {
  try {
    cron(text)
    return true
  } catch {
    return false
  }
}
