import { Client } from 'pg'
import { readFileSync } from 'node:fs'
import { startPostgres } from '../../packages/adapter-pg/test/servers/postgres.ts'
import { refreshSql } from '../../packages/adapter-pg/src/rollup/refresh-sql.ts'
import { count, countIf, max, sqlRollup, sum } from '@quarterjack/adapter-pg'
import { fillSite, fillTarget, HOUR_MS, START_MS } from './rollup-refresh/site.ts'
const server = await startPostgres({ version: 'system', durable: true, settings: { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '256MB' } })
const { url } = await server.createDatabase()
await fillSite(url, 1_000_000)
const client = new Client({ connectionString: url }); await client.connect()
await fillTarget(client, 'spans_hourly')
const rollup = sqlRollup({ source: 'spans', time: 'started_at', target: 'spans_hourly', by: ['user_id', 'kind'],
  measures: { calls: count(), errors: countIf("status = 'error'"), tokens: sum('tokens'), cost: sum('cost'), slowest: max('duration_ms') } })
console.log('ready', url)
await client.query(`set jit = off`)
for (const k of [1, 24]) {
  const starts = Array.from({ length: k }, (_, n) => START_MS + (140 + n) * HOUR_MS)
  const vals = [`{${starts}}`, `{${starts.map((s) => s + HOUR_MS)}}`, `{${starts.map(() => true)}}`]
  for (let i = 0; i < 2; i++) await client.query(refreshSql(rollup.plan, ['calls', 'errors', 'tokens', 'cost', 'slowest']), vals)
  const { rows } = await client.query('explain (analyze, costs) ' + refreshSql(rollup.plan, ['calls', 'errors', 'tokens', 'cost', 'slowest']), vals)
  console.log(rows.map((r) => r['QUERY PLAN']).join('\n'))
}
await new Promise((r) => setTimeout(r, 900_000))
