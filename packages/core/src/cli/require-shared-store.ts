/** Refuses commands that would look at an empty store of their own. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'

/**
 * Throws `StoreNotShared` unless other processes see the scheduler's store, or the scheduler was
 * started in this very process: then its state is here.
 */
export async function requireSharedStore(scheduler: Scheduler, program: string, command: string): Promise<void> {
  if (scheduler.store.capabilities.shared !== false || (await isStartedHere(scheduler))) return
  throw new QuarterjackError(
    'StoreNotShared',
    `"${command}" needs the state of the running service, but the ${scheduler.store.name} store keeps it inside one process and this is another. ` +
      `Give both processes a shared store (Postgres, Redis), ask the running process over loopback ("${program} health --url http://127.0.0.1:PORT/..."), ` +
      'or call runCli in the process that started the scheduler.',
  )
}

/** True while the scheduler works in this process. (`live()` is true of a client too.) */
export async function isStartedHere(scheduler: Scheduler): Promise<boolean> {
  return (await scheduler.health()).owner !== null
}
