/** The server takes no writes for a while: it became read-only, or its disk is full. */
import { REFUSED_JOBS, refuseWrites } from '@quarterjack/fault-kit/refuse-writes'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { expect, it, vi } from 'vitest'
import { startPostgres } from '../servers/postgres.ts'
import { createPgSite } from './site.ts'
import { makeSmallDisk } from './small-disk.ts'

vi.setConfig({ testTimeout: MOST_MS })

it('a server that only takes reads: health says why, and work goes on by itself when it takes writes again', async () => {
  await using server = await startPostgres({ durable: true })
  await using site = await createPgSite(server, REFUSED_JOBS)
  const setReadOnly = async (value: 'on' | 'off'): Promise<void> => {
    await site.query(`alter system set default_transaction_read_only = ${value}`)
    await site.query('select pg_reload_conf()')
  }
  const backMs = await refuseWrites(site, {
    what: 'read-only server',
    told: /only takes reads/,
    serverErrors: /read-only transaction/,
    begin: () => setReadOnly('on'),
    end: () => setReadOnly('off'),
  })
  expect(backMs).toBeLessThan(6_000)
})

it('a full disk: health says why, and work goes on by itself when there is room', async () => {
  await using server = await startPostgres({ durable: true })
  await using disk = await makeSmallDisk(server)
  await using site = await createPgSite(server, REFUSED_JOBS, disk.tablespace === null ? {} : { tablespace: disk.tablespace })
  const backMs = await refuseWrites(site, {
    what: `full disk (${disk.kind})`,
    told: /disk of the server is full/,
    serverErrors: /No space left on device/,
    begin: () => disk.fill(site.url),
    end: () => disk.free(site.url),
  })
  expect(backMs).toBeLessThan(6_000)
})
