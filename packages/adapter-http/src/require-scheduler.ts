/** What is built around a scheduler checks first that it got one. */
import type { Scheduler } from '@quarterjack/core'
import { QuarterjackError } from '@quarterjack/core/store'

/** Throws `InvalidOption`. `what` was called. */
export function requireScheduler(given: unknown, what: string): asserts given is Scheduler {
  if (typeof given === 'object' && given !== null && MEMBERS.every((name) => name in given)) return
  throw new QuarterjackError(
    'InvalidOption',
    `${what}: the first argument is no scheduler. Write ${what}(scheduler, { … }) with what createScheduler() returned.`,
  )
}

const MEMBERS = ['jobs', 'trigger', 'runs', 'schedules', 'health', 'on'] as const
