/** The jobs of the simulation: one per policy that could go wrong. Each has variants, which deployments choose among. */
import type { JobPolicy } from '../../src/job/job.ts'
import type { Schedule } from '../../src/schedule/schedule.ts'
import type { Subject } from './subject.ts'

/** What a handler may do; see `behaviours.ts`. */
export type Behaviour =
  | 'quick'
  | 'work'
  | 'long'
  | 'endless'
  | 'deaf'
  | 'stuck'
  | 'fail'
  | 'typeError'
  | 'fatal'
  | 'later'
  | 'skip'
  | 'crash'

export interface JobPlan {
  readonly name: string
  /** In every seed. */
  readonly always?: true
  /** Some deployments do not have it. */
  readonly mayLeave?: true
  readonly variants: number
  /** Weights. */
  readonly behaviours: Readonly<Partial<Record<Behaviour, number>>>
  readonly triggered?: {
    readonly keys: readonly string[]
    readonly idempotent?: true
    readonly delayed?: true
    readonly skipWhenBusy?: true
  }
  /** Keys of dynamic schedules. */
  readonly dynamic?: readonly string[]
  /** Payloads are lists of numbers, which merge by concatenation. */
  readonly merges?: true
  /** Differs between variants only in what the store keeps; see `design.md` on generations. */
  options(subject: Subject, variant: number, startAt: number): PlanOptions
}

/** The options of `defineJob` that plans use. */
export interface PlanOptions {
  readonly schedule?: Schedule<undefined> | readonly Schedule<undefined>[]
  readonly runOnStart?: { readonly window: string }
  readonly timeout?: string
  readonly retry?: { readonly retries: number; readonly minTimeout: string; readonly maxTimeout: string }
  readonly overlap?: JobPolicy['overlap']
  readonly queueLimit?: number
  readonly concurrency?: number
  readonly mutex?: string
  readonly rateLimit?: { readonly max: number; readonly per: string }
  readonly catchUp?: 'latest' | 'none' | { readonly all: true; readonly limit: number; readonly within: string }
  readonly misfireAfter?: string
  readonly debounce?: {
    readonly wait: string
    readonly maxWait?: string
    readonly leading?: boolean
    readonly merge?: 'last' | ((a: number[], b: number[]) => number[])
  }
  readonly keep?: { readonly succeeded: number; readonly dead: number }
  readonly suspendAfter?: number
  readonly after?: readonly { readonly name: string }[]
  readonly onStuck?: 'hold' | 'release'
}

const RETRY = { minTimeout: '300ms', maxTimeout: '4s' }
const MIXED = { quick: 8, work: 4, long: 1, deaf: 1, stuck: 0.5, fail: 2, typeError: 1, fatal: 0.5, later: 1, skip: 1 }

const pick = <T>(variant: number, from: readonly T[]): T => from[variant % from.length] as T

export const JOB_PLANS: readonly JobPlan[] = [
  {
    name: 'beat',
    always: true,
    variants: 4,
    behaviours: MIXED,
    options: ({ every }, variant) => ({
      schedule: every(pick(variant, ['10s', '7s', '15s', '12500ms'])),
      timeout: '6s',
      retry: { retries: 2, ...RETRY },
      keep: { succeeded: 2, dead: 2 },
    }),
  },
  {
    name: 'cron',
    mayLeave: true,
    variants: 3,
    behaviours: { quick: 6, work: 4, long: 2, fail: 1 },
    options: ({ cron }, variant) => ({
      schedule: cron(pick(variant, ['*/20 * * * * *', '0,30 * * * * *', '45 */2 * * * *']), { timeZone: 'Europe/Berlin' }),
      overlap: 'queue',
      queueLimit: 2,
      catchUp: { all: true, limit: 3, within: '2m' },
      misfireAfter: '5s',
      retry: { retries: 1, ...RETRY },
      keep: { succeeded: 3, dead: 1 },
    }),
  },
  {
    name: 'replace',
    variants: 2,
    behaviours: { quick: 2, work: 2, long: 4, deaf: 1, stuck: 0.3 },
    options: ({ every }, variant) => ({
      schedule: every(pick(variant, ['9s', '14s'])),
      overlap: 'replace',
      keep: { succeeded: 4, dead: 4 },
    }),
  },
  {
    name: 'wide',
    variants: 3,
    behaviours: { quick: 2, work: 4, long: 3, fail: 1 },
    options: ({ every }, variant) => ({
      schedule: [every(pick(variant, ['8s', '11s', '20s']), { jitter: '2s' }), every('13s', { key: 'second', anchor: 'registration' })],
      overlap: 'allow',
      concurrency: pick(variant, [2, 3, 2]),
      catchUp: 'none',
      misfireAfter: '3s',
    }),
  },
  {
    name: 'left',
    variants: 2,
    behaviours: { quick: 2, work: 5, long: 1, stuck: 0.3 },
    options: ({ every }, variant) => ({
      schedule: every(pick(variant, ['17s', '10s'])),
      mutex: 'shared',
      timeout: '8s',
      keep: { succeeded: 2, dead: 2 },
    }),
  },
  {
    name: 'right',
    mayLeave: true,
    variants: 1,
    behaviours: { quick: 2, work: 5, long: 1, fail: 1 },
    triggered: { keys: ['', 'a'], skipWhenBusy: true },
    options: ({ every }) => ({
      schedule: every('19s', { key: 'steady' }),
      mutex: 'shared',
      overlap: 'queue',
      retry: { retries: 1, ...RETRY },
    }),
  },
  {
    name: 'keyed',
    variants: 1,
    behaviours: MIXED,
    triggered: { keys: ['k1', 'k2'] },
    dynamic: ['k1', 'k2', 'k3'],
    options: () => ({
      overlap: 'skip',
      timeout: '5s',
      retry: { retries: 1, ...RETRY },
      keep: { succeeded: 1, dead: 1 },
    }),
  },
  {
    name: 'merge',
    always: true,
    variants: 1,
    behaviours: { quick: 3, work: 4, long: 1, fail: 1 },
    triggered: { keys: ['', 'p'] },
    merges: true,
    options: () => ({
      overlap: 'queue',
      retry: { retries: 3, ...RETRY },
      debounce: { wait: '2s', maxWait: '6s', merge: (a, b) => [...a, ...b] },
    }),
  },
  {
    name: 'leading',
    variants: 1,
    behaviours: { quick: 3, work: 3, fail: 1 },
    triggered: { keys: ['', 'q'] },
    options: () => ({
      overlap: 'skip',
      retry: { retries: 2, ...RETRY },
      debounce: { wait: '3s', leading: true, merge: 'last' },
    }),
  },
  {
    name: 'manual',
    always: true,
    mayLeave: true,
    variants: 2,
    behaviours: MIXED,
    triggered: { keys: ['', 'x', 'y'], idempotent: true, delayed: true },
    options: (_, variant) => ({
      concurrency: pick(variant, [4, 3]),
      timeout: '7s',
      retry: { retries: 3, ...RETRY },
      onStuck: 'release',
    }),
  },
  {
    name: 'poison',
    variants: 1,
    behaviours: { quick: 2, crash: 3 },
    triggered: { keys: [''] },
    options: () => ({ retry: { retries: 1, ...RETRY } }),
  },
  {
    name: 'follower',
    variants: 1,
    behaviours: { quick: 3, work: 2, fail: 1 },
    options: () => ({ after: [{ name: 'beat' }], retry: { retries: 2, ...RETRY }, overlap: 'skip' }),
  },
  {
    name: 'bounded',
    variants: 2,
    behaviours: { quick: 4, work: 1 },
    options: ({ every, at }, variant, startAt) => ({
      schedule: [
        every('9s', {
          start: startAt + 40_000,
          end: startAt + 400_000 + variant * 60_000,
          exclude: [{ from: startAt + 100_000, to: startAt + 160_000 }],
        }),
        at(new Date(startAt + 150_000 + variant * 30_000), { key: 'single' }),
      ],
      catchUp: { all: true, limit: 2, within: '1m' },
      keep: { succeeded: 5, dead: 5 },
    }),
  },
  {
    name: 'limited',
    variants: 1,
    behaviours: { quick: 3, work: 1, fail: 1 },
    triggered: { keys: ['', 'z'] },
    options: () => ({ rateLimit: { max: 6, per: '5s' }, retry: { retries: 1, ...RETRY } }),
  },
  {
    name: 'fragile',
    variants: 1,
    behaviours: { quick: 2, fatal: 3 },
    options: ({ every }) => ({ schedule: every('16s'), suspendAfter: 3, keep: { succeeded: 2, dead: 4 } }),
  },
  {
    name: 'starter',
    variants: 2,
    behaviours: { quick: 3, work: 1 },
    options: ({ every }, variant) => ({ schedule: every(pick(variant, ['40s', '50s'])), runOnStart: { window: '1m' } }),
  },
  {
    name: 'probe',
    always: true,
    variants: 1,
    behaviours: { quick: 1 },
    options: () => ({ retry: { retries: 1, ...RETRY } }),
  },
]
