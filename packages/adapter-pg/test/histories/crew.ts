/** Workers on one database, each behind a line of its own that can be cut for good, held beyond its lease, or lose a connection. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, type RefreshContext, type Rollup, type Scheduler } from '@quarterjack/core'
import { Pool } from 'pg'
import { pgStore, type SqlRollup } from '../../src/index.ts'
import { type CutProxy, startCutProxy } from '../servers/cut-proxy.ts'
import { NOTE_REFRESH } from './audit.ts'
import type { Chance } from './writers.ts'

/** The least that there is. */
export const LEASE_MS = 2_000
/** Longer than a lease, so that others take over what a paused worker holds. */
const HELD_MS = LEASE_MS + 1_200
const MOST_SLEEP_S = 0.25

interface Querying {
  query(sql: string, values?: readonly unknown[]): Promise<unknown>
}

/** The refresh of a rollup; it sleeps in its transaction now and then, and notes its windows there. */
export function notedRefresh(name: string, sql: SqlRollup, random: Chance) {
  const refresh = (request: Parameters<SqlRollup>[0], ctx: RefreshContext) =>
    sql(request, {
      ...ctx,
      commitWith: (work) =>
        ctx.commitWith(async (tx) => {
          const client = tx as Querying
          if (random(4) === 0) await client.query(`select pg_sleep(${(random(1_000) / 1_000) * MOST_SLEEP_S})`)
          const answer = await work(tx)
          if (random(4) === 0) await client.query(`select pg_sleep(${(random(1_000) / 1_000) * MOST_SLEEP_S})`)
          await client.query(NOTE_REFRESH, [name, request.windows.map(({ start }) => start.getTime())])
          return answer
        }),
    })
  return Object.assign(refresh, { revision: sql.revision, verify: sql.verify, target: sql.target })
}

interface Worker {
  readonly name: string
  readonly line: CutProxy
  readonly pool: Pool
  readonly scheduler: Scheduler
  isAlive: boolean
}

/** How often each was done. */
export interface Deeds {
  killed: number
  paused: number
  disconnected: number
  doubled: number
}

export interface Crew {
  readonly deeds: Deeds
  /** One more, beside those that there are. */
  hire(): Promise<void>
  /** Does to some worker what a seed says. Where it kills, another one is started. */
  harm(random: Chance): Promise<void>
  /** Until whoever was paused goes on. Who was killed stays dead. */
  rest(): Promise<void>
  dismiss(): Promise<void>
}

export function gatherCrew(url: string, own: Pool, rollups: readonly Rollup[]): Crew {
  const workers: Worker[] = []
  const holds = new Set<Promise<void>>()
  const deeds: Deeds = { killed: 0, paused: 0, disconnected: 0, doubled: 0 }

  const hire = async (): Promise<void> => {
    const line = await startCutProxy(url)
    const name = `worker ${workers.length + 1}`
    const pool = new Pool({ connectionString: line.url, max: 6, application_name: name })
    pool.on('error', () => undefined)
    const scheduler = createScheduler({ store: pgStore({ pool }), jobs: [...rollups], logger: false, lease: LEASE_MS })
    workers.push({ name, line, pool, scheduler, isAlive: true })
    await scheduler.start()
  }

  const pause = ({ line }: Worker): void => {
    line.delay(HELD_MS)
    const hold = sleep(HELD_MS).then(() => {
      holds.delete(hold)
      line.delay(0)
    })
    holds.add(hold)
  }

  return {
    deeds,
    hire,
    async harm(random) {
      const alive = workers.filter(({ isAlive }) => isAlive)
      const worker = alive[random(alive.length)] as Worker
      const kind = random(10)
      await untilBusy(own, worker.name)
      if (kind < 4) {
        worker.isAlive = false
        worker.line.refuse(true)
        worker.line.cut()
        deeds.killed++
        await hire()
      } else if (kind < 6) {
        pause(worker)
        deeds.paused++
      } else if (kind < 9) {
        await own.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and backend_xid is not null`, [
          worker.name,
        ])
        deeds.disconnected++
      } else if (alive.length < 5) {
        await hire()
        deeds.doubled++
      }
    },
    async rest() {
      await Promise.all(holds)
    },
    async dismiss() {
      await Promise.all(
        workers.map(async ({ line, pool, scheduler }) => {
          // It is all over: even the dead may say goodbye.
          line.heal()
          await scheduler.stop({ grace: 0 }).catch(() => undefined)
          await pool.end().catch(() => undefined)
          await line.close()
        }),
      )
    },
  }
}

/** In the midst of a transaction that writes, if it gets there soon. */
async function untilBusy(own: Pool, name: string): Promise<void> {
  for (let look = 0; look < 30; look++) {
    const { rowCount } = await own.query(`select from pg_stat_activity where application_name = $1 and wait_event = 'PgSleep'`, [name])
    if ((rowCount ?? 0) > 0) return
  }
}
