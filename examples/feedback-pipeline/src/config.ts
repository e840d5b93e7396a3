/** Environment → configuration. Every problem is reported at once, without values. */
import * as z from 'zod'

export interface Config {
  readonly host: string
  readonly port: number
  readonly tokens: Tokens
  /** Of the Sentry webhook. None: it is closed. */
  readonly sentrySecret: string | undefined
  readonly databaseUrl: string | undefined
  readonly dataDir: string | undefined
  /** Where posts are read. Undefined: a server of our own reads the shipped file. */
  readonly redditUrl: string | undefined
  readonly subreddit: string
  readonly pollEveryMs: number
  /** Per source, in this process. */
  readonly ingestPerMinute: number
  /** Quiet for this long, then clustering begins. */
  readonly clusterWaitMs: number
  /** How alike two texts must be, 0–1. */
  readonly clusterThreshold: number
  /** How long each step of the agent takes. */
  readonly agentStepMs: number
  /** A bound of what the agent may cost: attempts per hour, over all processes. */
  readonly agentPerHour: number
  readonly agentRepository: string
}

/** Who may do what, by token; two of a kind while one replaces the other. None: nobody. */
export interface Tokens {
  readonly ingest: readonly string[]
  readonly dashboard: readonly string[]
  readonly admin: readonly string[]
}

/** Thrown by {@link readConfig}; the message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Of the README's examples; only where nobody from outside can reach the service. */
export const DEV_TOKEN = 'dev-token-of-the-readme'
export const DEV_SENTRY_SECRET = 'whsec_ZGV2LXNlY3JldC1vZi10aGUtcmVhZG1lLTAx'

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])
const SHORTEST_TOKEN = 16

const tokens = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((token) => token.trim())
      .filter((token) => token !== ''),
  )
  .refine((list) => list.every((token) => token.length >= SHORTEST_TOKEN), `must have ${SHORTEST_TOKEN} characters or more`)

const whole = (min: number, max: number, otherwise: number) =>
  z.coerce
    .number({ error: `must be a whole number from ${min} to ${max}` })
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be a whole number from ${min} to ${max}`)
    .max(max, `must be a whole number from ${min} to ${max}`)
    .default(otherwise)

const schema = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    PORT: whole(0, 65_535, 3004),
    INGEST_TOKEN: tokens,
    DASHBOARD_TOKEN: tokens,
    ADMIN_TOKEN: tokens,
    SENTRY_SECRET: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ and the base64 of 24 random bytes or more')
      .optional(),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// address' }).optional(),
    DATA_DIR: z.string().optional(),
    REDDIT_URL: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' }).optional(),
    SUBREDDIT: z
      .string()
      .regex(/^\w{2,21}$/, 'must be the name of a subreddit')
      .default('acmeapp'),
    POLL_EVERY_MS: whole(1_000, 86_400_000, 20_000),
    INGEST_PER_MINUTE: whole(1, 1_000_000, 120),
    CLUSTER_WAIT_MS: whole(0, 600_000, 2_000),
    CLUSTER_THRESHOLD: z.coerce
      .number({ error: 'must be a number from 0 to 1' })
      .min(0, 'must be a number from 0 to 1')
      .max(1, 'must be a number from 0 to 1')
      .default(0.28),
    AGENT_STEP_MS: whole(0, 60_000, 700),
    AGENT_PER_HOUR: whole(1, 10_000, 30),
    AGENT_REPOSITORY: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, 'must be owner/name of a sandbox repository')
      .default('acme-sandbox/app'),
  })
  .check(({ value, issues }) => {
    if (LOOPBACK.has(value.HOST)) return
    const complain = (path: string, message: string): void => void issues.push({ code: 'custom', input: undefined, path: [path], message })
    for (const name of ['INGEST_TOKEN', 'DASHBOARD_TOKEN', 'ADMIN_TOKEN'] as const) {
      if (value[name].length === 0) complain(name, 'must be set when HOST is not the loopback interface')
      if (value[name].includes(DEV_TOKEN)) complain(name, 'must not be the one that the documentation shows')
    }
    if (value.SENTRY_SECRET === DEV_SENTRY_SECRET) complain('SENTRY_SECRET', 'must not be the one that the documentation shows')
  })

/** An empty variable counts as not set. Throws {@link ConfigError}. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`)
    throw new ConfigError(`The environment is not right:\n${lines.join('\n')}`)
  }
  const { data } = parsed
  const isPrivate = LOOPBACK.has(data.HOST)
  const orDev = (given: readonly string[]): readonly string[] => (given.length === 0 && isPrivate ? [DEV_TOKEN] : given)
  return {
    host: data.HOST,
    port: data.PORT,
    tokens: { ingest: orDev(data.INGEST_TOKEN), dashboard: orDev(data.DASHBOARD_TOKEN), admin: orDev(data.ADMIN_TOKEN) },
    sentrySecret: data.SENTRY_SECRET ?? (isPrivate ? DEV_SENTRY_SECRET : undefined),
    databaseUrl: data.DATABASE_URL,
    dataDir: data.DATA_DIR,
    redditUrl: data.REDDIT_URL,
    subreddit: data.SUBREDDIT,
    pollEveryMs: data.POLL_EVERY_MS,
    ingestPerMinute: data.INGEST_PER_MINUTE,
    clusterWaitMs: data.CLUSTER_WAIT_MS,
    clusterThreshold: data.CLUSTER_THRESHOLD,
    agentStepMs: data.AGENT_STEP_MS,
    agentPerHour: data.AGENT_PER_HOUR,
    agentRepository: data.AGENT_REPOSITORY,
  }
}
