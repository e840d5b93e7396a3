/** Environment → configuration. Every problem is reported at once, without values. */
import * as z from 'zod'

export interface Config {
  readonly host: string
  readonly port: number
  readonly databaseUrl: string | undefined
  readonly dataDir: string | undefined
  /** The first day that is counted, `2024-01-01`. */
  readonly historyStart: string
  readonly intervalHours: number
  readonly debounceSeconds: number
  /** Opens `POST /internal/rollup/trigger`. */
  readonly isTestable: boolean
  /** Days of made-up data that an empty database gets. */
  readonly generateDays: number
  readonly isVerbose: boolean
  /** How often alerts are looked for. */
  readonly alertSeconds: number
}

/** Thrown by {@link readConfig}; the message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const whole = (what: string, most: number) => z.coerce.number({ error: what }).int(what).min(1, what).max(most, what)

const schema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce
    .number({ error: 'must be a port' })
    .int('must be a port')
    .min(0, 'must be a port')
    .max(65_535, 'must be a port')
    .default(8080),
  DATABASE_URL: z.string().optional(),
  DATA_DIR: z.string().optional(),
  HISTORY_START: z.iso.date({ error: 'must be a day, such as 2024-01-01' }).default('2024-01-01'),
  ROLLUP_INTERVAL_HOURS: whole('must be whole hours, 1 to 168', 168).default(1),
  ROLLUP_DEBOUNCE_SECONDS: z.coerce.number().min(0.05, 'must be seconds').max(3_600, 'must be seconds').default(5),
  ENABLE_TEST_ENDPOINTS: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
  ALERT_SECONDS: whole('must be whole seconds, 1 to 3600', 3_600).default(60),
  GENERATE_DAYS: z.coerce.number({ error: 'must be whole days' }).int('must be whole days').min(0).max(90).optional(),
  LOG_LEVEL: z.enum(['info', 'debug'], { error: 'must be info or debug' }).default('info'),
})

/** An empty variable counts as not set. Throws {@link ConfigError}. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`)
    throw new ConfigError(`The environment is not right:\n${lines.join('\n')}`)
  }
  const { data } = parsed
  return {
    host: data.HOST,
    port: data.PORT,
    databaseUrl: data.DATABASE_URL,
    dataDir: data.DATA_DIR,
    historyStart: data.HISTORY_START,
    intervalHours: data.ROLLUP_INTERVAL_HOURS,
    debounceSeconds: data.ROLLUP_DEBOUNCE_SECONDS,
    isTestable: data.ENABLE_TEST_ENDPOINTS === 'true',
    // A database of somebody's own gets nothing made up.
    generateDays: data.GENERATE_DAYS ?? (data.DATABASE_URL === undefined ? 14 : 0),
    isVerbose: data.LOG_LEVEL === 'debug',
    alertSeconds: data.ALERT_SECONDS,
  }
}
