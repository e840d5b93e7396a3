/** Writers whose transactions overlap, stay open beside refreshes, and are rolled back now and then. What they write follows from the seed. */
import { seededRandom } from '@quarterjack/core/testing'
import type { Pool, PoolClient } from 'pg'

export const WRITERS = 8
/** Of transactions, those that stay open beside the commits of others and several refreshes. */
const HELD_OPEN = 0.05
const ROLLED_BACK = 1 / 8

export type Chance = (below: number) => number

/** Whole numbers from 0 to below `below`. */
export function chanceOf(seed: number): Chance {
  const random = seededRandom(seed)
  return (below) => Math.floor(random() * below)
}

/** Where rows may be, relative to the server's clock, in ms. */
export interface Reach {
  readonly backMs: number
  readonly aheadMs: number
}

export interface Writers {
  /** One statement of one of them. */
  step(): Promise<void>
  /** Ends what is open. */
  close(): Promise<void>
}

/** The table: `calls (id bigint, at timestamptz, tenant text, ms int)`. */
export async function openWriters(pool: Pool, random: Chance, reach: Reach): Promise<Writers> {
  const clients = await Promise.all(Array.from({ length: WRITERS }, () => pool.connect()))
  const until = new Map<number, number>()
  let steps = 0
  const end = async (writer: number): Promise<void> => {
    until.delete(writer)
    await clients[writer]?.query(random(1 / ROLLED_BACK) === 0 ? 'rollback' : 'commit')
  }
  return {
    async step() {
      steps++
      for (const [writer, last] of until) if (steps >= last) await end(writer)
      const writer = random(WRITERS)
      const client = clients[writer] as PoolClient
      if (!until.has(writer)) {
        await client.query('begin')
        until.set(writer, steps + (random(1_000) < 1_000 * HELD_OPEN ? 40 : 1 + random(3)))
      }
      await write(client, writer, random, reach)
      if (random(60) === 0 && until.size === 1) {
        await end(writer)
        await client.query('truncate calls')
      }
    },
    async close() {
      try {
        for (const writer of [...until.keys()]) await end(writer)
      } finally {
        // What failed may have left transactions open.
        for (const client of clients) client.release(until.size > 0)
      }
    },
  }
}

/** On rows of its own, so that writers do not wait for each other. */
async function write(client: PoolClient, writer: number, random: Chance, { backMs, aheadMs }: Reach): Promise<void> {
  const offset = (): number => random(backMs + aheadMs) - backMs
  const at = `now() + $1::int * interval '1 millisecond'`
  const some = `id % ${WRITERS} = ${writer} and id / ${WRITERS} % 7 = ${random(7)}`
  const kind = random(10)
  if (kind < 5) {
    const id = random(1_000) * WRITERS + writer
    await client.query(
      `insert into calls select $2::bigint, ${at} - g * interval '700 milliseconds', nullif('t' || $3::int, 't0'), $4::int + g from generate_series(1, $5::int) g`,
      [offset(), id, random(4), random(1_000), 1 + random(4)],
    )
  } else if (kind < 6) await client.query(`update calls set ms = ms + 1 where ${some}`)
  else if (kind < 7) await client.query(`update calls set at = ${at} where ${some}`, [offset()])
  else if (kind < 8) await client.query(`update calls set tenant = 't9' where ${some}`)
  else await client.query(`delete from calls where ${some}`)
}
