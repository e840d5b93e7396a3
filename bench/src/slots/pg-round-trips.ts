/** What the store is asked for one scheduled run. */
import { every } from '@quarterjack/core'
import { Client, Pool } from 'pg'
import type { Sample } from '../figure.ts'
import { tenantsOnPg } from './pg-quarterjack.ts'

let calls = 0
/** Those that come by the clock, however many runs there are. */
let renewals = 0

class CountingClient extends Client {
  override query(...args: unknown[]): never {
    calls++
    const [query] = args as readonly { readonly text?: string }[]
    if (query?.text?.includes('runs_renew') === true) renewals++
    return Reflect.apply(super.query, this, args) as never
  }
}

export async function roundTrips(url: string, seconds: number): Promise<Sample> {
  const pool = new Pool({ connectionString: url, Client: CountingClient } as ConstructorParameters<typeof Pool>[0])
  const { scheduler, job, listen } = tenantsOnPg(pool)
  let runs = 0
  listen(() => runs++)
  await scheduler.schedules.set(job, { key: 'k', schedule: every('1s') })
  await scheduler.start()
  // From the middle between two slots to the middle between two others.
  await new Promise((resolve) => setTimeout(resolve, 3_500 - (Date.now() % 1_000)))
  runs = 0
  calls = 0
  renewals = 0
  await new Promise((resolve) => setTimeout(resolve, 1_000 * seconds))
  return { roundTripsPerRun: (calls - renewals) / runs, callsPerRun: calls / runs }
}
