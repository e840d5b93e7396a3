/** 10,000 dynamic schedules spread over 5 s: 2,000 fires a second, in one process. */
import { every } from '@quarterjack/core'
import type { Sample } from '../figure.ts'
import { machineMs } from '../pg/replica.ts'
import { askCrew, startCrew, until } from './crew.ts'
import { judgeFires } from './fires.ts'
import { tenants } from './peers.ts'

const COUNT = 10_000
const PERIOD_MS = 5_000

export async function sustain(url: string, periods: number): Promise<Sample> {
  const { scheduler, job } = tenants(url)
  await scheduler.store.open()
  const settings = Array.from({ length: COUNT }, (_, index) => ({
    key: `k${index}`,
    schedule: every(PERIOD_MS, { anchor: new Date((index * PERIOD_MS) / COUNT) }),
  }))
  const askedAt = machineMs()
  await scheduler.schedules.setMany(job, settings)
  const createdPerS = (1_000 * COUNT) / (machineMs() - askedAt)

  const crew = await startCrew('quarterjack', 1, url)
  // What came due before the start is caught up with first.
  const fromAt = Math.ceil(Date.now() / PERIOD_MS) * PERIOD_MS + PERIOD_MS
  const toAt = fromAt + periods * PERIOD_MS
  await until(toAt + 2_000)
  return { createdPerS, ...judgeFires(await askCrew(crew), { fromAt, toAt, expected: COUNT * periods }) }
}
