/** The jobs of a soak: the same in every worker. */
import { defineJob, every, type Job, type RunContext } from '@quarterjack/core'

/** A trigger carries when it was asked, on the machine's clock. */
export interface Asked {
  readonly at: number
}

export interface SoakJobs {
  /** Static, twice a second. */
  readonly beat: Job<undefined, void>
  /** One schedule per tenant. */
  readonly poll: Job<undefined, void>
  readonly single: Job<Asked, void>
  readonly bulk: Job<Asked, void>
  readonly debounced: Job<Asked, void>
  readonly flaky: Job<Asked, void>
}

/** Everything in it was sent by this soak. */
const payload = {
  '~standard': {
    version: 1 as const,
    vendor: 'soak',
    validate: (value: unknown): { readonly value: Asked } => ({ value: value as Asked }),
    types: undefined as unknown as { readonly input: Asked; readonly output: Asked },
  },
}

/** `heard` is told of each execution. */
export function soakJobs(heard: (ctx: RunContext<unknown>) => void, random: () => number): SoakJobs {
  // Little is kept, so that what is stored reaches its full size within the first minute.
  const keep = { succeeded: 10, dead: 10 }
  const run = (ctx: RunContext<unknown>): void => heard(ctx)
  return {
    beat: defineJob({ name: 'beat', schedule: every('500ms'), keep, run }),
    poll: defineJob({ name: 'poll', keep, run }),
    single: defineJob({ name: 'single', payload, keep, run }),
    bulk: defineJob({ name: 'bulk', payload, keep, run }),
    debounced: defineJob({ name: 'debounced', payload, keep, debounce: { wait: '500ms', maxWait: '1s' }, run }),
    flaky: defineJob({
      name: 'flaky',
      payload,
      keep,
      retry: { retries: 2, minTimeout: '100ms', maxTimeout: '1s' },
      run(ctx: RunContext<Asked>): void {
        run(ctx)
        if (random() < 0.75) throw new Error('This one fails now and then.')
      },
    }),
  }
}
