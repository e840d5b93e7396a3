/** What a Redis is asked for one scheduled run. */
import type { Sample } from '../figure.ts'
import { countCommands } from '../redis/count-commands.ts'
import { askCrew, startCrew, until } from './crew.ts'
import { connectSlotPeer } from './slot-peers.ts'

const PERIOD_MS = 1_000

export async function commands(peer: string, url: string, seconds: number): Promise<Sample> {
  const slots = await connectSlotPeer(peer, url)
  await slots.open()
  await slots.set(1, PERIOD_MS)
  const crew = await startCrew(peer, 1, url)
  const count = await countCommands(url)
  // From the middle between two slots to the middle between two others.
  const fromAt = Math.ceil((Date.now() + 4_000) / PERIOD_MS) * PERIOD_MS + PERIOD_MS / 2
  await until(fromAt)
  const before = await count()
  const toAt = fromAt + 1_000 * seconds
  await until(toAt)
  const after = await count()
  const runs = (await askCrew(crew)).filter(([, , startedAt]) => startedAt >= fromAt && startedAt < toAt).length
  return { roundTripsPerRun: (after.sent - before.sent) / runs, commandsPerRun: (after.executed - before.executed) / runs }
}
