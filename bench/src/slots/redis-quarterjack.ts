/** Ours on Redis. */
import type { ClientName } from '../redis/clients.ts'
import { openStore } from '../redis/open-store.ts'
import type { SlotPeer } from './slot-peer.ts'
import { slotPeerOf, type Tenants, tenants } from './tenants.ts'

export async function tenantsOnRedis(url: string, client: ClientName): Promise<Tenants> {
  return tenants((await openStore(url, client)).store)
}

export function quarterjackOnRedis(client: ClientName): (url: string) => Promise<SlotPeer> {
  return async (url) => slotPeerOf(await tenantsOnRedis(url, client))
}
