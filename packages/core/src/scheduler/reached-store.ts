/** The store as long jobs of the facade use it: every verb with deadline and retries. */
import type { Engine } from '../engine/engine.ts'
import type { Store } from '../store/store.ts'

type Verb = (request: unknown) => Promise<unknown>

/** `store`, whose verbs go through `call`. For verbs that are safe to repeat, which they all are. */
export function reachedStore(store: Store, call: Engine['call']): Store {
  const reach = <Part extends 'schedules' | 'runs' | 'leases'>(part: Part): Store[Part] => {
    const verbs = Object.entries(store[part]) as unknown as [string, Verb][]
    const reached = verbs.map(([name, verb]) => [
      name,
      async (request: unknown) => (await call(`${part}.${name}`, async () => ({ reply: await verb(request) }))).reply,
    ])
    return Object.fromEntries(reached) as Store[Part]
  }
  return {
    ...store,
    now: async () => (await call('now', async (opened) => ({ storeNow: await opened.now() }))).storeNow,
    schedules: reach('schedules'),
    runs: reach('runs'),
    leases: reach('leases'),
  }
}
