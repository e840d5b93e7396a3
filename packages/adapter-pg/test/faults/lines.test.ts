/** A line to Postgres that breaks, drags, goes deaf in one direction, or loses the replies to what was committed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { isolateOne, ISOLATED_JOBS } from '@quarterjack/fault-kit/isolate-one'
import { testLines } from '@quarterjack/fault-kit/suites/lines'
import { isFull } from '@quarterjack/fault-kit/tier'
import { LINE_JOBS, workOnLine } from '@quarterjack/fault-kit/work-on-line'
import { LEASE_MS } from '@quarterjack/fault-kit/worker-plan'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCutProxy } from '../servers/cut-proxy.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { postgresGround } from './ground.ts'
import { createPgSite } from './site.ts'

const LASTS_MS = isFull ? 20_000 : 2_000

testLines(postgresGround())

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ durable: true })
}, 600_000)
afterAll(() => server?.close())

describe('a line that', () => {
  it('takes its time loses no lease', async () => {
    await using site = await createPgSite(server, LINE_JOBS)
    await using proxy = await startCutProxy(site.url)
    const happen = async (): Promise<void> => {
      proxy.delay(150)
      await sleep(LASTS_MS)
      proxy.delay(300, 'replies')
      await sleep(LASTS_MS)
    }
    const { slots, runs, leasesLost, refused } = await workOnLine(site, { line: proxy, happen })
    expect(leasesLost).toBe(0)
    expect(refused).toBe(0)
    figure('slow line, 300 and 450 ms there and back', { slots, runs: runs.length, 'leases lost': leasesLost })
  })
})

describe.each(['replies', 'requests', 'both'] as const)('a line that swallows %s of one process', (direction) => {
  it('its run is taken over within the lease and a second, and it works again by itself', async () => {
    await using site = await createPgSite(server, ISOLATED_JOBS)
    await using line = await site.openLine()
    const { takeoverMs, toldMs } = await isolateOne(site, { line, ...(direction === 'both' ? {} : { swallowed: direction }) })
    // Renewals whose replies alone are lost still prolong the lease, for as long as it is trusted.
    expect(takeoverMs).toBeLessThan(LEASE_MS + 1_000 + (direction === 'replies' ? LEASE_MS : 0))
    expect(toldMs).toBeLessThan(LEASE_MS + 500)
    figure(`one process behind a line that swallows ${direction}`, { 'takeover ms': takeoverMs })
  })
})
