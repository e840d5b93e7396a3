/** Replicas that fire schedules, and tell afterwards what they saw. */
import { obey, type Replica, startReplica, tell, wallMs } from '../replica.ts'
import type { Fire } from './fires.ts'
import { connectSlotPeer } from './slot-peers.ts'

export async function startCrew(peer: string, replicas: number, url: string): Promise<readonly Replica[]> {
  const crew: Replica[] = []
  for (let index = 0; index < replicas; index++) crew.push(await startReplica([peer, 'work', 'quick', url]))
  return crew
}

/** Everything the crew has seen so far. */
export async function askCrew(crew: readonly Replica[]): Promise<readonly Fire[]> {
  for (const replica of crew) replica.say('report')
  return (await Promise.all(crew.map((replica) => replica.next<readonly Fire[]>()))).flat()
}

/** The role of a replica. */
export async function work(name: string, url: string): Promise<void> {
  const fires: Fire[] = []
  obey(() => tell(fires))
  const peer = await connectSlotPeer(name, url)
  await peer.work((key, slotAt) => void fires.push([key, slotAt, wallMs()]))
  tell('ready')
}

export async function until(wallAt: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, wallAt - Date.now()))
}
