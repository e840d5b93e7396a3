import { describe, expect, it } from 'vitest'
import { ConfigError, DEV_SENTRY_SECRET, DEV_TOKEN, readConfig } from '../src/config.ts'
import { runMain } from './support/run-main.ts'

const TOKEN = 'a-token-of-length'
const outside = { HOST: '0.0.0.0', INGEST_TOKEN: TOKEN, DASHBOARD_TOKEN: TOKEN, ADMIN_TOKEN: TOKEN }

describe('readConfig', () => {
  it('needs nothing on a machine of one’s own', () => {
    expect(readConfig({ INGEST_TOKEN: '' })).toMatchObject({
      host: '127.0.0.1',
      port: 3004,
      tokens: { ingest: [DEV_TOKEN], dashboard: [DEV_TOKEN], admin: [DEV_TOKEN] },
      sentrySecret: DEV_SENTRY_SECRET,
      databaseUrl: undefined,
      redditUrl: undefined,
    })
  })

  it('takes two tokens while one replaces the other, and closes the webhook without a secret', () => {
    const { tokens, sentrySecret } = readConfig({ ...outside, ADMIN_TOKEN: `${TOKEN}-1, ${TOKEN}-2` })
    expect([tokens.admin, sentrySecret]).toEqual([[`${TOKEN}-1`, `${TOKEN}-2`], undefined])
  })

  it.each<[Record<string, string>, RegExp]>([
    [{ PORT: 'x' }, /PORT must be a whole number/],
    [{ POLL_EVERY_MS: '10' }, /POLL_EVERY_MS must be/],
    [{ CLUSTER_THRESHOLD: '2' }, /CLUSTER_THRESHOLD must be a number from 0 to 1/],
    [{ ADMIN_TOKEN: 'short' }, /ADMIN_TOKEN must have 16 characters/],
    [{ SENTRY_SECRET: 'whsec_x' }, /SENTRY_SECRET must be whsec_/],
    [{ DATABASE_URL: 'mysql://x' }, /DATABASE_URL must be a postgres/],
    [{ REDDIT_URL: 'file:///etc' }, /REDDIT_URL must be an http/],
    [{ AGENT_REPOSITORY: 'x' }, /AGENT_REPOSITORY must be owner\/name/],
    [{ ...outside, ADMIN_TOKEN: '' }, /ADMIN_TOKEN must be set when HOST/],
    [{ ...outside, DASHBOARD_TOKEN: DEV_TOKEN }, /DASHBOARD_TOKEN must not be the one/],
    [{ ...outside, SENTRY_SECRET: DEV_SENTRY_SECRET }, /SENTRY_SECRET must not be the one/],
  ])('%j is refused', (env, message) => {
    expect(() => readConfig(env)).toThrow(ConfigError)
    expect(() => readConfig(env)).toThrow(message)
  })

  it('tells all problems at once, and no values', () => {
    const message = (() => {
      try {
        readConfig({ PORT: 'x', ADMIN_TOKEN: 'secret' })
        return ''
      } catch (error) {
        return String(error)
      }
    })()
    expect(message).toMatch(/PORT[\s\S]*ADMIN_TOKEN/)
    expect(message).not.toContain('secret')
  })
})

it('the process ends with 2 when the environment is wrong', async () => {
  expect(await runMain({ HOST: '0.0.0.0' }).ended).toMatchObject({ code: 2, output: expect.stringContaining('ADMIN_TOKEN must be set') })
})
