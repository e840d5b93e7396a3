import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

const KEY = 'k-3f9c-secret'

function problemsOf(env: Record<string, string>): ConfigError {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the environment was accepted')
}

describe('readConfig', () => {
  it('has the defaults of the document', () => {
    expect(readConfig({ BACKFILL_API_KEY: KEY })).toEqual({
      apiUrl: 'http://applylens-api-prod:8003/api/v2/agent/feedback/aggregate',
      apiKey: KEY,
      everyMs: 6 * 3_600_000,
      timeoutMs: 120_000,
      retries: 3,
      retryDelayMs: 30_000,
      healthPort: 8004,
      leaseMs: 30_000,
      databaseUrl: undefined,
      redisUrl: undefined,
    })
  })

  it('reads the deployment names', () => {
    const env = {
      BACKFILL_API_KEY: KEY,
      AGENT_FEEDBACK_API_URL: 'https://api.test/a',
      AGENT_FEEDBACK_EVERY_HOURS: '12',
      AGENT_FEEDBACK_TIMEOUT: '45',
    }
    expect(readConfig(env)).toMatchObject({ apiUrl: 'https://api.test/a', everyMs: 12 * 3_600_000, timeoutMs: 45_000 })
  })

  it('reads the development names', () => {
    const env = { BACKFILL_API_KEY: KEY, API_URL: 'http://localhost:8003/api/v2/agent/feedback/aggregate', EVERY_HOURS: '1', TIMEOUT: '30' }
    expect(readConfig(env)).toMatchObject({ apiUrl: env.API_URL, everyMs: 3_600_000, timeoutMs: 30_000 })
  })

  it('prefers the deployment names, and does not look at the others then', () => {
    const env = {
      BACKFILL_API_KEY: KEY,
      AGENT_FEEDBACK_API_URL: 'http://deployed.test/',
      API_URL: 'not an address',
      AGENT_FEEDBACK_EVERY_HOURS: '6',
      EVERY_HOURS: 'x',
      AGENT_FEEDBACK_TIMEOUT: '120',
      TIMEOUT: '-1',
    }
    expect(readConfig(env)).toMatchObject({ apiUrl: 'http://deployed.test/', everyMs: 6 * 3_600_000, timeoutMs: 120_000 })
  })

  it('takes an empty variable for one that is not set', () => {
    const env = { BACKFILL_API_KEY: KEY, AGENT_FEEDBACK_EVERY_HOURS: '', EVERY_HOURS: '2', AGENT_FEEDBACK_TIMEOUT: ' ', TIMEOUT: '' }
    expect(readConfig(env)).toMatchObject({ everyMs: 2 * 3_600_000, timeoutMs: 120_000 })
  })

  it('takes parts of hours and seconds', () => {
    expect(readConfig({ BACKFILL_API_KEY: KEY, EVERY_HOURS: '0.0005', TIMEOUT: '1.5' })).toMatchObject({ everyMs: 1_800, timeoutMs: 1_500 })
  })

  it('lists every problem at once, with name, value and remedy', () => {
    const error = problemsOf({
      AGENT_FEEDBACK_API_URL: 'applylens-api-prod:8003',
      EVERY_HOURS: 'six',
      AGENT_FEEDBACK_TIMEOUT: '0',
      AGENT_FEEDBACK_RETRIES: '1.5',
      AGENT_FEEDBACK_RETRY_DELAY: '1e9',
      AGENT_FEEDBACK_HEALTH_PORT: '70000',
      AGENT_FEEDBACK_LEASE: '1',
    })
    expect(error.message).toBe(`The environment has 8 problems:
  AGENT_FEEDBACK_API_URL="applylens-api-prod:8003" is not a plain http or https address. Set it to the http or https address of the aggregation endpoint, without user name or password.
  BACKFILL_API_KEY is not set. Set it to the key that the API accepts, the one of the backfill service.
  EVERY_HOURS="six" is not a number of hours. Set it to a number of hours from 0.0003 to 8760, such as 6.
  AGENT_FEEDBACK_TIMEOUT="0" is outside 0.1 to 3600. Set it to a number of seconds from 0.1 to 3600, such as 120.
  AGENT_FEEDBACK_RETRIES="1.5" is not a whole number. Set it to a whole number from 0 to 20, such as 3.
  AGENT_FEEDBACK_RETRY_DELAY="1e9" is not a number of seconds. Set it to a number of seconds from 0.1 to 3600, such as 30.
  AGENT_FEEDBACK_HEALTH_PORT="70000" is outside 0 to 65535. Set it to a port from 0 (any free one) to 65535, such as 8004.
  AGENT_FEEDBACK_LEASE="1" is outside 2 to 3600. Set it to a number of seconds from 2 to 3600, such as 30.`)
    expect(error.problems).toHaveLength(8)
  })

  it.each(['0', '0.0001', '9000', '-6', '6h', 'NaN', 'Infinity', '0x6'])('refuses an interval of %s hours', (value) => {
    expect(problemsOf({ BACKFILL_API_KEY: KEY, AGENT_FEEDBACK_EVERY_HOURS: value }).problems).toMatchObject([
      { name: 'AGENT_FEEDBACK_EVERY_HOURS', value },
    ])
  })

  it.each([`${KEY}\nx: y`, `${KEY} `.padEnd(30, 'a b'), '<your-api-key>', 'schlüssel'])('never shows a bad key', (apiKey) => {
    const error = problemsOf({ BACKFILL_API_KEY: apiKey })
    expect(error.problems).toMatchObject([{ name: 'BACKFILL_API_KEY', value: null }])
    expect(error.message).not.toContain(KEY)
    expect(error.message).not.toContain(apiKey)
  })

  it('takes the address of one shared store, and never shows it', () => {
    expect(readConfig({ BACKFILL_API_KEY: KEY, DATABASE_URL: 'postgres://u:p@db/jobs' }).databaseUrl).toBe('postgres://u:p@db/jobs')
    expect(readConfig({ BACKFILL_API_KEY: KEY, REDIS_URL: 'rediss://:p@cache:6379' }).redisUrl).toBe('rediss://:p@cache:6379')
    for (const env of [
      { DATABASE_URL: 'mysql://u:hunter2@db/jobs' },
      { REDIS_URL: 'hunter2@cache' },
      { DATABASE_URL: 'postgres://u:hunter2@db', REDIS_URL: 'redis://:hunter2@cache' },
    ]) {
      const error = problemsOf({ BACKFILL_API_KEY: KEY, ...env })
      expect(error.problems).toMatchObject([{ name: expect.stringMatching(/_URL$/), value: null }])
      expect(error.message).not.toContain('hunter2')
    }
  })

  it('refuses a password inside the address, without showing it', () => {
    const error = problemsOf({ BACKFILL_API_KEY: KEY, API_URL: 'http://user:hunter2@api.test/x' })
    expect(error.problems).toMatchObject([{ name: 'API_URL', value: 'http://***@api.test/x' }])
    expect(error.message).not.toContain('hunter2')
  })
})
