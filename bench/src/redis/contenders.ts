/** Who takes part on Redis, and in which version. */
import type { Choices } from '../scenario.ts'
import { versionOf } from '../versions.ts'
import { clientOf } from './clients.ts'

/** Those of `names` that were asked for: with `--ioredis`, ours and the bare scripts take part through that client too. */
export function chosenPeers(names: readonly string[], { ioredis }: Choices): readonly string[] {
  return names.filter((name) => ioredis || clientOf(name) === 'redis')
}

/** Of the package, or of the client where there is none. */
export function redisPeerVersion(peer: string): string {
  if (peer.startsWith('bare')) return clientVersion(peer)
  return versionOf(peer.startsWith('quarterjack') ? 'quarterjack' : peer)
}

/** The client of ours and of the bare scripts, for the line that says how a contender is set up. */
export function clientVersion(peer: string): string {
  const client = clientOf(peer)
  return `${client === 'redis' ? 'node-redis' : client} ${versionOf(client)}`
}
