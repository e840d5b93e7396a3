/** Who takes part where: peers by the server that they need, and by name. */

export type ServerKind = 'postgres' | 'redis'

export type PeersByServer<T> = Readonly<Record<ServerKind, Readonly<Record<string, T>>>>

export function serverKind(url: string): ServerKind {
  return url.startsWith('redis:') ? 'redis' : 'postgres'
}

/** The one of that name on the server of `url`. */
export function findPeer<T>(peers: PeersByServer<T>, name: string, url: string): T {
  const found = peers[serverKind(url)][name]
  if (found === undefined) throw new Error(`no peer ${name} on ${serverKind(url)}`)
  return found
}
