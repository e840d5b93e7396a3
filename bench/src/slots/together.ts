/** Many schedules due on one instant, again and again. */
import type { Sample } from '../figure.ts'
import { askCrew, startCrew, until } from './crew.ts'
import { judgeFires } from './fires.ts'
import { connectSlotPeer } from './slot-peers.ts'

export interface Together {
  readonly peer: string
  readonly url: string
  readonly count: number
  readonly replicas: number
  readonly periodMs: number
  /** Instants that are measured, after one to warm up. */
  readonly instants: number
}

export async function together({ peer, url, count, replicas, periodMs, instants }: Together): Promise<Sample> {
  const slots = await connectSlotPeer(peer, url)
  await slots.open()
  await slots.set(count, periodMs)
  const crew = await startCrew(peer, replicas, url)
  const warmAt = Math.ceil((Date.now() + 1_000) / periodMs) * periodMs
  const fromAt = warmAt + periodMs
  const toAt = fromAt + instants * periodMs
  // Before the next instant, which is not measured.
  await until(toAt - periodMs / 20)
  return judgeFires(await askCrew(crew), { fromAt, toAt, expected: count * instants })
}
