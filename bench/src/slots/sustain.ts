/** 10,000 dynamic schedules spread over 5 s: 2,000 fires a second, in one process. */
import type { Sample } from '../figure.ts'
import { machineMs } from '../replica.ts'
import { askCrew, startCrew, until } from './crew.ts'
import { judgeFires } from './fires.ts'
import { connectSlotPeer } from './slot-peers.ts'

const COUNT = 10_000
const PERIOD_MS = 5_000

export async function sustain(peer: string, url: string, periods: number): Promise<Sample> {
  const slots = await connectSlotPeer(peer, url)
  await slots.open()
  const create = slots.spread?.(COUNT, PERIOD_MS)
  if (create === undefined) throw new Error(`${peer} cannot spread schedules over a period`)
  const askedAt = machineMs()
  await create()
  const createdPerS = (1_000 * COUNT) / (machineMs() - askedAt)

  const crew = await startCrew(peer, 1, url)
  // What came due before the start is caught up with first.
  const fromAt = Math.ceil(Date.now() / PERIOD_MS) * PERIOD_MS + PERIOD_MS
  const toAt = fromAt + periods * PERIOD_MS
  await until(toAt + 2_000)
  return { createdPerS, ...judgeFires(await askCrew(crew), { fromAt, toAt, expected: COUNT * periods }) }
}
