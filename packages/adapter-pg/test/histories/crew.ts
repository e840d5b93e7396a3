/** Workers on one database, who are killed, paused beyond their lease, cut off and doubled as a seed says. */
import type { Pool } from 'pg'
import type { Worker } from './workers.ts'
import type { Chance } from './writers.ts'

const MOST_WORKERS = 5

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

/** `own` asks the server directly. */
export function gatherCrew(own: Pool, start: (name: string) => Promise<Worker>): Crew {
  const workers: Worker[] = []
  const pauses = new Set<Promise<void>>()
  const deeds: Deeds = { killed: 0, paused: 0, disconnected: 0, doubled: 0 }
  const hire = async (): Promise<void> => void workers.push(await start(`worker ${workers.length + 1}`))
  return {
    deeds,
    hire,
    async harm(random) {
      const alive = workers.filter(({ isAlive }) => isAlive)
      const worker = alive[random(alive.length)] as Worker
      const kind = random(10)
      await untilBusy(own, worker.name)
      if (kind < 4) {
        await worker.kill()
        deeds.killed++
        await hire()
      } else if (kind < 6) {
        const pause = worker.pause().then(() => void pauses.delete(pause))
        pauses.add(pause)
        deeds.paused++
      } else if (kind < 9) {
        await own.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and backend_xid is not null`, [
          worker.name,
        ])
        deeds.disconnected++
      } else if (alive.length < MOST_WORKERS) {
        await hire()
        deeds.doubled++
      }
    },
    async rest() {
      await Promise.all(pauses)
    },
    async dismiss() {
      await Promise.all(workers.map((worker) => worker.dismiss()))
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
