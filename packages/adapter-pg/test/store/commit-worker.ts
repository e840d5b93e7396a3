/** A process that is killed, or freezes, while its handler commits: `fork(…, [url, 'writing' | 'committing', signal])`. */
import { createScheduler, defineJob } from '@quarterjack/core'
import { Pool, type PoolClient } from 'pg'
import { pgStore } from '../../src/index.ts'

const [url, phase, signal] = process.argv.slice(2)
const suffer = (): void => void process.kill(process.pid, signal)

const pool = new Pool({ connectionString: url, max: 2 })
pool.on('connect', (client) => {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  Object.assign(client, {
    query(config: { readonly text?: string }, ...rest: unknown[]) {
      if (phase === 'committing' && config.text === 'commit') suffer()
      return query(config, ...rest)
    },
  })
})
const store = pgStore({ pool })
const ship = defineJob({
  name: 'ship',
  run: (ctx) =>
    store.commitWith(ctx, async (client: PoolClient) => {
      await client.query(`insert into notes values ('worker')`)
      await client.query(`update others set name = name`)
      if (phase === 'writing') suffer()
    }),
})
await createScheduler({ store, jobs: [ship], logger: false, lease: '2s' }).start()
