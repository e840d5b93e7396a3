/** Environment → configuration. Every problem is reported at once; the API key's value never is. */
import { z } from 'zod'

/** What the service needs to know. Times in milliseconds. */
export interface Config {
  /** The aggregation endpoint. */
  readonly apiUrl: string
  readonly apiKey: string
  readonly everyMs: number
  /** Of one attempt. */
  readonly timeoutMs: number
  /** Attempts after the first. */
  readonly retries: number
  /** Backoff before the first retry; doubles from there. */
  readonly retryDelayMs: number
  /** Loopback port of `/health` and `/live`; 0 takes any free one. */
  readonly healthPort: number
  /** After which other replicas take over from one that died. */
  readonly leaseMs: number
  /** Of a PostgreSQL server that keeps the record. Undefined: not there. */
  readonly databaseUrl: string | undefined
  /** Of a Redis server that does. With neither it is kept in memory, for one process and as long as that lives. */
  readonly redisUrl: string | undefined
}

/** One thing that is wrong with the environment. */
export interface ConfigProblem {
  readonly name: string
  /** As it was set; null when it was not set, or when it is secret. */
  readonly value: string | null
  readonly problem: string
  readonly remedy: string
}

/** Thrown by {@link readConfig}: `problems` holds all of them, the message one line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ name, value, problem, remedy }) => `  ${name}${value === null ? '' : `=${JSON.stringify(value)}`} ${problem}. ${remedy}.`,
    )
    super(`The environment has ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}:\n${lines.join('\n')}`)
    this.problems = problems
  }
}

interface Setting {
  /** The deployment's name, then the development name where there is one. The first that is set wins. */
  readonly names: readonly [string, ...string[]]
  readonly fallback?: string
  readonly secret?: boolean
  readonly remedy: string
}

const SETTINGS: Readonly<Record<keyof Config, Setting>> = {
  apiUrl: {
    names: ['AGENT_FEEDBACK_API_URL', 'API_URL'],
    fallback: 'http://applylens-api-prod:8003/api/v2/agent/feedback/aggregate',
    remedy: 'Set it to the http or https address of the aggregation endpoint, without user name or password',
  },
  apiKey: { names: ['BACKFILL_API_KEY'], secret: true, remedy: 'Set it to the key that the API accepts, the one of the backfill service' },
  everyMs: {
    names: ['AGENT_FEEDBACK_EVERY_HOURS', 'EVERY_HOURS'],
    fallback: '6',
    remedy: 'Set it to a number of hours from 0.0003 to 8760, such as 6',
  },
  timeoutMs: {
    names: ['AGENT_FEEDBACK_TIMEOUT', 'TIMEOUT'],
    fallback: '120',
    remedy: 'Set it to a number of seconds from 0.1 to 3600, such as 120',
  },
  retries: { names: ['AGENT_FEEDBACK_RETRIES'], fallback: '3', remedy: 'Set it to a whole number from 0 to 20, such as 3' },
  retryDelayMs: {
    names: ['AGENT_FEEDBACK_RETRY_DELAY'],
    fallback: '30',
    remedy: 'Set it to a number of seconds from 0.1 to 3600, such as 30',
  },
  healthPort: {
    names: ['AGENT_FEEDBACK_HEALTH_PORT'],
    fallback: '8004',
    remedy: 'Set it to a port from 0 (any free one) to 65535, such as 8004',
  },
  leaseMs: { names: ['AGENT_FEEDBACK_LEASE'], fallback: '30', remedy: 'Set it to a number of seconds from 2 to 3600, such as 30' },
  databaseUrl: {
    names: ['DATABASE_URL'],
    secret: true,
    remedy: 'Set it to an address such as postgres://user:password@host/database, or leave it out',
  },
  redisUrl: {
    names: ['REDIS_URL'],
    secret: true,
    remedy: 'Set it to an address such as redis://:password@host:6379, or leave it out. Set one of DATABASE_URL and REDIS_URL, not both',
  },
}

const settings = z.object({
  apiUrl: z.string({ error: 'is not set' }).refine(isPlainHttpUrl, 'is not a plain http or https address'),
  apiKey: z
    .string({ error: 'is not set' })
    .refine((key) => !/^<.*>$/.test(key), 'is still the placeholder of the template')
    .refine((key) => /^[\x21-\x7e]+$/.test(key), 'has characters that an HTTP header cannot carry, such as blanks or line ends'),
  everyMs: quantity('hours', 3_600_000, 0.0003, 8_760),
  timeoutMs: quantity('seconds', 1_000, 0.1, 3_600),
  retries: wholeNumber(0, 20),
  retryDelayMs: quantity('seconds', 1_000, 0.1, 3_600),
  healthPort: wholeNumber(0, 65_535),
  leaseMs: quantity('seconds', 1_000, 2, 3_600),
  databaseUrl: z.string().refine(hasScheme('postgres:', 'postgresql:'), 'is not the address of a PostgreSQL server').optional(),
  redisUrl: z.string().refine(hasScheme('redis:', 'rediss:'), 'is not the address of a Redis server').optional(),
})

const schema = settings.refine(({ databaseUrl, redisUrl }) => databaseUrl === undefined || redisUrl === undefined, {
  error: 'is set beside DATABASE_URL',
  path: ['redisUrl'],
})

/** The configuration in `env`. An empty variable counts as not set. Throws {@link ConfigError}. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const found = Object.entries(SETTINGS).map(([field, setting]) => [field, readSetting(setting, env)] as const)
  const parsed = schema.safeParse(Object.fromEntries(found.map(([field, { value }]) => [field, value])))
  if (parsed.success) return Object.freeze({ databaseUrl: undefined, redisUrl: undefined, ...parsed.data })

  const sources = new Map<unknown, ReturnType<typeof readSetting>>(found)
  const problems = new Map<string, ConfigProblem>()
  for (const issue of parsed.error.issues) {
    const field = issue.path[0] as keyof Config
    const { name, value } = sources.get(field) ?? { name: field, value: undefined }
    const shown = value === undefined || SETTINGS[field].secret === true ? null : maskCredentials(value)
    if (!problems.has(name)) problems.set(name, { name, value: shown, problem: issue.message, remedy: SETTINGS[field].remedy })
  }
  throw new ConfigError([...problems.values()])
}

function readSetting(
  { names, fallback }: Setting,
  env: Readonly<Record<string, string | undefined>>,
): { readonly name: string; readonly value: string | undefined } {
  const name = names.find((candidate) => (env[candidate] ?? '').trim() !== '')
  return { name: name ?? names[0], value: name === undefined ? fallback : env[name]?.trim() }
}

function quantity(unit: string, msPerUnit: number, min: number, max: number): z.ZodType<number> {
  return z
    .string()
    .refine(isDecimal, `is not a number of ${unit}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `is outside ${min} to ${max}`)
    .transform((value) => Math.round(value * msPerUnit))
}

function wholeNumber(min: number, max: number): z.ZodType<number> {
  return z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text), 'is not a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `is outside ${min} to ${max}`)
}

function isDecimal(text: string): boolean {
  return /^\d{1,9}(\.\d{1,9})?$/.test(text)
}

function hasScheme(...schemes: readonly string[]): (text: string) => boolean {
  return (text) => schemes.includes(URL.parse(text)?.protocol ?? '')
}

function isPlainHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === ''
}

// A password inside an address is a secret too.
function maskCredentials(value: string): string {
  return value.replace(/\/\/[^/@]*@/, '//***@')
}
