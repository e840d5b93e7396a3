/** `kill -9` of a process that starts. */
import { killAtStart, TICKING } from '@quarterjack/fault-kit/kill-at-start'
import { testKillAtStart } from '@quarterjack/fault-kit/suites/kill-at-start'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { startCutProxy } from '../servers/cut-proxy.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { postgresGround } from './ground.ts'
import { createPgSite } from './site.ts'

testKillAtStart(postgresGround())

describe('kill -9 of a process that starts', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ durable: true })
  }, 600_000)
  afterAll(() => server?.close())

  it.each([
    { step: 'while it makes the tables', at: 'request', containing: 'create table jobs' },
    { step: 'as the tables are committed', at: 'reply', containing: 'commit' },
  ] as const)('$step: the next one starts and works', async ({ step, ...point }) => {
    await using site = await createPgSite(server, TICKING)
    await using proxy = await startCutProxy(site.url)
    await killAtStart(site, { step, url: proxy.url, isCome: proxy.cutAt(point) })
  })
})
