/** Definitions that are wrong: every problem at once, with field, value and remedy. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createScheduler, cron, defineJob, every, memoryStore } from '../../src/index.ts'
import { refusalOf } from '../scheduler/refusal-of.ts'

const run = (): undefined => undefined
const define = (options: object): ReturnType<typeof defineJob> => defineJob({ name: 'j', run, ...options } as never)

describe('defineJob', () => {
  it.each<[options: object, problem: string]>([
    [{ schedule: '* * * * *' }, 'schedule: "* * * * *" is not a schedule. Write cron("* * * * *").'],
    [{ schedule: '6h' }, 'schedule: "6h" is not a schedule. Write every("6h").'],
    [{ schedule: { cron: '5 * * * *' } }, 'schedule: { cron } is not a schedule. Write cron("5 * * * *").'],
    [{ schedule: [every('1h'), '@daily'] }, 'schedule[1]: "@daily" is not a schedule. Write cron("@daily").'],
    [{ schedule: cron }, 'schedule: a function is not a schedule. Call it: cron(…), every(…) or at(…).'],
    [{ schedule: [] }, 'schedule: the list is empty. Put a schedule into it, or leave it out.'],
    [{ runOnStart: 'yes' }, 'runOnStart: use true, false or { payload, window }; this is "yes".'],
    [{ runOnStart: { windw: '5m' } }, 'runOnStart: "windw" is not an option. Did you mean "window"? Known are payload, window.'],
    [{ retries: 3 }, '"retries" is not an option: write retry: { retries }.'],
    [{ cron: '* * * * *' }, '"cron" is not an option: write schedule: cron(expression).'],
    [{ every: '1h' }, '"every" is not an option: write schedule: every(interval).'],
    [{ timeZone: 'UTC' }, '"timeZone" is not an option: write schedule: cron(expression, { timeZone }).'],
    [{ schedules: [] }, '"schedules" is not an option: write schedule: [cron(…), every(…)].'],
    [{ timout: '5s' }, '"timout" is not an option. Did you mean "timeout"? Known are name, schedule, runOnStart, payload,'],
    [{ retry: { retries: '3' } }, 'retry.retries: must be a number; this is "3".'],
    [{ retry: { retires: 3 } }, 'retry: "retires" is not an option. Did you mean "retries"? Known are retries, minTimeout,'],
    [{ retry: { minTimeout: '5m', maxTimeout: '1m' } }, 'retry: minTimeout is longer than maxTimeout. Swap them.'],
    [{ retry: 3 }, 'retry: must be an object: write { retries: 3 }; this is 3.'],
    [{ debounce: '5s' }, 'debounce: must be an object: write { wait: "5s" }; this is "5s".'],
    [{ queueLimit: 3 }, 'queueLimit: needs overlap: "queue".'],
    [{ queueLimit: 3, overlap: 'replace' }, 'queueLimit: needs overlap: "queue".'],
    [{ queueLimit: 3, overlap: 'skip', catchUp: { all: true } }, 'queueLimit: needs overlap: "queue".'],
    [{ debounce: { wait: '5m', maxWait: '1m' } }, 'debounce: wait is longer than maxWait. Swap them.'],
    [{ debounce: { wait: '5m', trailing: false } }, 'debounce: with trailing: false, leading must be true, or nothing would ever run.'],
    [{ timeout: 'soon' }, 'timeout: "soon" is not a duration. Use whole milliseconds or a string such as "500ms"'],
    [{ timeout: 0 }, 'timeout: 0 is too short; the least is 1ms.'],
    [{ overlap: 'no' }, 'overlap: use "skip" or "queue" or "replace" or "allow"; this is "no".'],
    [{ catchUp: 'all' }, 'catchUp: use "latest", "none" or { all: true, limit, within }; this is "all".'],
    [{ catchUp: { all: true, limit: 0 } }, 'catchUp.limit: must be 1 or more; this is 0.'],
    [{ concurrency: 1.5 }, 'concurrency: must be a whole number; this is 1.5.'],
    [{ payload: { days: 1 } }, 'payload: must be a Standard Schema (zod, valibot, arktype, …); this is { days }.'],
    [{ after: ['other'] }, 'after[0]: must be a job; this is "other".'],
    [{ sensitive: [''] }, 'sensitive[0]: must not be empty; this is "".'],
    [{ run: undefined }, 'run: must be a function; this is undefined.'],
  ])('%j', async (options, problem) => {
    const lines = (await refusalOf(() => define(options))).split('\n')
    expect(lines[0]).toBe('InvalidOption: job "j" has invalid options:')
    expect(lines).toHaveLength(2)
    expect(lines[1]?.startsWith(`  ${problem}`)).toBe(true)
  })

  it('takes a limit of the queue wherever there is one', () => {
    expect(define({ queueLimit: 3, overlap: 'queue' }).policy.queueLimit).toBe(3)
    expect(define({ queueLimit: 3, schedule: every('1m'), catchUp: { all: true } }).policy).toMatchObject({
      queueLimit: 3,
      slotOverlap: 'queue',
    })
  })

  it('lists every problem at once, that of the name included', async () => {
    const refusal = await refusalOf(() => define({ name: 'my job', schedule: '@daily', retries: 3, nmae: 'x', timeout: 'soon' }))
    expect(refusal.split('\n').map((line) => line.slice(0, 46))).toEqual([
      'InvalidName: job name "my job" is not valid: u',
      '  schedule: "@daily" is not a schedule. Write ',
      '  timeout: "soon" is not a duration. Use whole',
      '  "retries" is not an option: write retry: { r',
      '  "nmae" is not an option. Did you mean "name"',
    ])
    expect(refusal).toContain('It also has invalid options:')
    expect(await refusalOf(() => define({ name: 7 }))).toMatch(/^InvalidName: job name 7 is not valid: use 1 to 128 .*\.$/)
    expect(await refusalOf(() => define({ name: 'n'.repeat(5_000) }))).toContain('… (5000 characters)')
  })

  it.each([[undefined], [null], ['report']])('wants an object, not %j', async (options) => {
    expect(await refusalOf(() => defineJob(options as never))).toContain('InvalidOption: defineJob: ')
  })

  it('shows of objects the names alone: values may be secrets', async () => {
    const refusal = await refusalOf(() => createScheduler({ store: { password: 'hunter2' } as never, jobs: [] }))
    expect(refusal).toContain('store: must be a store: memoryStore(), pgStore(…), redisStore(…); this is { password }.')
  })

  it('gives the other wait of a retry a default that fits', () => {
    expect(define({ retry: { minTimeout: '10m' } }).policy.retry).toMatchObject({
      minTimeoutMs: 600_000,
      maxTimeoutMs: 600_000,
    })
    expect(define({ retry: { maxTimeout: '200ms' } }).policy.retry).toMatchObject({ minTimeoutMs: 200, maxTimeoutMs: 200 })
    expect(define({}).policy.retry).toMatchObject({ minTimeoutMs: 1_000, maxTimeoutMs: 300_000 })
  })
})

describe('createScheduler', () => {
  it('lists every problem at once', async () => {
    const options = {
      store: 'pg',
      jobs: ['report'],
      concurrency: 0,
      lease: '1s',
      storeTimeout: 'soon',
      abortGrace: -1,
      limits: { payload: 5 },
      handleSignals: 'SIGTERM',
      clok: 1,
    }
    expect((await refusalOf(() => createScheduler(options as never))).split('\n')).toEqual([
      'InvalidOption: createScheduler has invalid options:',
      '  store: must be a store: memoryStore(), pgStore(…), redisStore(…); this is "pg".',
      '  jobs[0]: must come from defineJob() or defineRollup(); this is "report".',
      '  concurrency: must be 1 or more; this is 0.',
      '  lease: "1s" is too short; the least is 2s.',
      expect.stringContaining('  storeTimeout: "soon" is not a duration.'),
      '  abortGrace: -1 is too short; the least is 0ms.',
      '  limits.payload: must be 512 or more; this is 5.',
      '  handleSignals: use true, false or { grace }; this is "SIGTERM".',
      expect.stringContaining('  "clok" is not an option. Did you mean "clock"? Known are store, jobs, logger,'),
    ])
  })

  it('wants options', async () => {
    expect(await refusalOf(() => createScheduler(undefined as never))).toContain('must be an object; this is undefined.')
  })
})

describe('a payload', () => {
  class Odd {
    toJSON(): string {
      return 'odd'
    }
  }
  const job = defineJob({ name: 'j', payload: z.unknown(), run })
  const scheduler = createScheduler({ store: memoryStore(), jobs: [job] })

  it.each<[what: string, value: unknown, problem: string]>([
    ['an error', { cause: new TypeError('x') }, 'payload.cause is an Error'],
    ['a regular expression', [/x/], 'payload[0] is a RegExp'],
    ['a map', new Map(), 'payload is a Map'],
    ['a promise', { later: Promise.resolve(1) }, 'payload.later is a Promise'],
    ['bytes', { data: new Uint8Array(3) }, 'payload.data is binary data'],
    ['an invalid date', { at: new Date(Number.NaN) }, 'payload.at is an invalid Date'],
    ['a number that is none', { n: Number.NaN }, 'payload.n is NaN'],
  ])('%s is refused', async (_, value, problem) => {
    const refusal = await refusalOf(() => scheduler.trigger(job, value))
    expect(refusal).toBe(`PayloadNotSerializable: trigger of job "j": ${problem}, which JSON cannot keep. Convert it before triggering.`)
  })

  it.each([[Object.assign(new Error('x'), { toJSON: () => 'x' })], [Buffer.from('x')], [new Odd()], [new Date(0)]])(
    '%j says what it is as JSON',
    async (value) => {
      await expect(scheduler.trigger(job, value)).resolves.toMatchObject({ outcome: 'created' })
    },
  )
})
