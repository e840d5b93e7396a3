/** Ours on Postgres: all history kept. */
import { pgStore } from '@quarterjack/adapter-pg'
import { Pool } from 'pg'
import { quarterjack } from './quarterjack.ts'
import type { QueuePeer } from './queue-peer.ts'

export function quarterjackOnPg(url: string): QueuePeer {
  const pool = new Pool({ connectionString: url })
  return quarterjack({
    store: pgStore({ pool }),
    keep: 1_000_000,
    isDrained: async () => (await pool.query('select 1 from quarterjack.runs limit 1')).rowCount === 0,
    end: () => pool.end(),
  })
}
