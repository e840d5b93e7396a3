import { describe, expect, it } from 'vitest'
import { ConfigError, DEV_SECRET, readConfig } from '../src/config.ts'

describe('readConfig', () => {
  it('needs nothing on a machine of one’s own', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3003,
      cronSecrets: [DEV_SECRET],
      adminSecrets: [DEV_SECRET],
      databaseUrl: undefined,
      dataDir: undefined,
      isScheduled: true,
      batchSchedule: undefined,
    })
  })

  it('takes two secrets while one replaces the other', () => {
    const { cronSecrets, adminSecrets, isScheduled } = readConfig({ HOST: '0.0.0.0', CRON_SECRET: 'new, old', SCHEDULES: 'external' })
    expect([cronSecrets, adminSecrets, isScheduled]).toEqual([['new', 'old'], [], false])
  })

  it.each<[Record<string, string>, RegExp]>([
    [{ PORT: 'x' }, /PORT must be a port/],
    [{ PORT: '65536' }, /PORT must be a port/],
    [{ SCHEDULES: 'both' }, /SCHEDULES must be internal or external/],
    [{ BATCH_SCHEDULE: 'often' }, /BATCH_SCHEDULE must be a cron expression/],
    [{ HOST: '0.0.0.0' }, /CRON_SECRET must be set/],
    [{ HOST: '0.0.0.0', CRON_SECRET: '' }, /CRON_SECRET must be set/],
    [{ HOST: '0.0.0.0', CRON_SECRET: ` , ` }, /CRON_SECRET must be set/],
    [{ HOST: '0.0.0.0', CRON_SECRET: DEV_SECRET }, /must not be the one that the documentation shows/],
    [{ HOST: '0.0.0.0', CRON_SECRET: 'good', ADMIN_SECRET: DEV_SECRET }, /must not be the one that the documentation shows/],
  ])('%j is refused', (env, message) => {
    expect(() => readConfig(env)).toThrow(ConfigError)
    expect(() => readConfig(env)).toThrow(message)
  })
})
