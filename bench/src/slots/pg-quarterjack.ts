/** Ours on Postgres. */
import { pgStore } from '@quarterjack/adapter-pg'
import { Pool } from 'pg'
import type { SlotPeer } from './slot-peer.ts'
import { slotPeerOf, type Tenants, tenants } from './tenants.ts'

export function tenantsOnPg(pool: Pool): Tenants {
  return tenants(pgStore({ pool }))
}

export function quarterjackOnPg(url: string): SlotPeer {
  return slotPeerOf(tenantsOnPg(new Pool({ connectionString: url })))
}
