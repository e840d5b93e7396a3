import { startPostgres } from '../../packages/adapter-pg/test/servers/postgres.ts'
import { fillSite } from './rollup-refresh/site.ts'
import { inOwnProcess } from './scenario.ts'
import { REFRESHERS } from './rollup-refresh/refreshers.ts'
const rows = process.argv[2] ?? '1000000'
const server = await startPostgres({ version: 'system', durable: true, settings: { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '256MB' } })
const { url } = await server.createDatabase()
await fillSite(url, Number(rows))
for (const [shape, windows] of [['adjacent', '24'], ['scattered', '24'], ['unchanged', '24'], ['adjacent', '1']]) for (const peer of ['quarterjack', 'diff by hand', 'delete + insert']) {
  try {
    const s = await inOwnProcess('rollup-refresh/measure.ts', [peer, shape!, windows!, rows, '15', url])
    console.log(shape, windows, peer, JSON.stringify(s))
  } catch (e) { console.log(shape, peer, String(e).slice(0, 300)) }
}
await server.close()
