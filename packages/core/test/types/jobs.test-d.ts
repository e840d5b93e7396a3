import { describe, expectTypeOf, it } from 'vitest'
import * as z from 'zod'
import {
  type AnyJob,
  at,
  createScheduler,
  cron,
  defineJob,
  every,
  memoryStore,
  RetryAfterError,
  type RunHandle,
  type ScheduleSetting,
  type TriggerKind,
} from '@quarterjack/core'

const schema = z.object({ days: z.number(), note: z.string().default('') })
const withPayload = defineJob({ name: 'a', payload: schema, run: ({ payload }) => ({ seen: payload.days }) })
const withoutPayload = defineJob({ name: 'b', run: async () => 'done' as const })
const optional = defineJob({ name: 'c', payload: z.object({ n: z.number() }).optional(), run: ({ payload }) => payload?.n })
const scheduler = createScheduler({ store: memoryStore(), jobs: [withPayload, withoutPayload, optional] })

describe('payloads', () => {
  it('type the handler by what the schema gives', () => {
    defineJob({
      name: 'x',
      payload: schema,
      run: ({ payload, signal, slot, fence }) => {
        expectTypeOf(payload).toEqualTypeOf<{ days: number; note: string }>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        expectTypeOf(slot).toEqualTypeOf<Date | null>()
        expectTypeOf(fence).toEqualTypeOf<number>()
      },
    })
    defineJob({ name: 'y', run: ({ payload }) => expectTypeOf(payload).toEqualTypeOf<undefined>() })
  })

  it('type trigger by what the schema takes, and finished by what the handler returns', async () => {
    expectTypeOf(scheduler.trigger(withPayload, { days: 1 })).resolves.toEqualTypeOf<RunHandle<{ seen: number }>>()
    expectTypeOf((await scheduler.trigger(withoutPayload)).finished()).resolves.toEqualTypeOf<'done'>()
    await scheduler.trigger(optional)
    await scheduler.trigger(optional, { n: 1 }, { key: 'k', delay: '5s' })
    // @ts-expect-error the schema needs a payload
    await scheduler.trigger(withPayload)
    // @ts-expect-error of another type
    await scheduler.trigger(withPayload, { days: '1' })
    // @ts-expect-error the job takes none
    await scheduler.trigger(withoutPayload, { days: 1 })
    // @ts-expect-error a delay is a number or has a unit
    await scheduler.trigger(withoutPayload, undefined, { delay: 'soon' })
  })

  it('type triggerMany', () => {
    expectTypeOf(
      scheduler.triggerMany(withPayload, [{ payload: { days: 1 } }, { payload: { days: 2 }, key: 'x' }]),
    ).resolves.items.toEqualTypeOf<RunHandle<{ seen: number }>>()
    // @ts-expect-error each needs its payload
    void scheduler.triggerMany(withPayload, [{ key: 'x' }])
  })

  it('are demanded of schedules when the schema needs one', () => {
    defineJob({ name: 'x', payload: schema, schedule: every('6h', { payload: { days: 1 } }), run: () => undefined })
    defineJob({
      name: 'x',
      payload: schema,
      schedule: [cron('5 * * * *', { payload: { days: 1 } }), every('1d', { key: 'k', payload: { days: 7 } })],
      run: () => undefined,
    })
    defineJob({ name: 'x', schedule: cron('5 * * * *', { timeZone: 'Europe/Berlin' }), run: () => undefined })
    // @ts-expect-error the schedule lacks its payload
    defineJob({ name: 'x', payload: schema, schedule: every('6h'), run: () => undefined })
    // @ts-expect-error the payload does not fit
    defineJob({ name: 'x', payload: schema, schedule: every('6h', { payload: { days: 'one' } }), run: () => undefined })
  })

  it('keep their literals in a schedule: enums, literals and tuples of the schema take them', () => {
    const region = z.object({ region: z.enum(['eu', 'us']) })
    defineJob({ name: 'x', payload: region, schedule: every('2s', { payload: { region: 'eu' } }), run: () => undefined })
    defineJob({ name: 'x', payload: region, schedule: cron('5 * * * *', { payload: { region: 'us' } }), run: () => undefined })
    defineJob({ name: 'x', payload: region, schedule: at(0, { payload: { region: 'eu' } }), run: () => undefined })
    defineJob({
      name: 'x',
      payload: region,
      schedule: [every('2s', { payload: { region: 'eu' } }), cron('5 * * * *', { key: 'us', payload: { region: 'us' } })],
      run: () => undefined,
    })
    defineJob({ name: 'x', payload: z.literal('all'), schedule: every('2s', { payload: 'all' }), run: () => undefined })
    defineJob({
      name: 'x',
      payload: z.tuple([z.literal('a'), z.number()]),
      schedule: every('2s', { payload: ['a', 1] }),
      run: () => undefined,
    })
    defineJob({
      name: 'x',
      payload: z.discriminatedUnion('kind', [z.object({ kind: z.literal('one'), n: z.number() }), z.object({ kind: z.literal('two') })]),
      schedule: [every('2s', { payload: { kind: 'one', n: 1 } }), every('3s', { key: 'b', payload: { kind: 'two' } })],
      run: () => undefined,
    })
    defineJob({
      name: 'x',
      payload: z.object({ ids: z.array(z.string()), parts: z.array(z.object({ region: z.enum(['eu', 'us']) })) }),
      schedule: every('2s', { payload: { ids: ['a'], parts: [{ region: 'eu' }] } }),
      run: () => undefined,
    })
    // @ts-expect-error none of the enum
    defineJob({ name: 'x', payload: region, schedule: every('2s', { payload: { region: 'uk' } }), run: () => undefined })
    const pair = z.tuple([z.literal('a'), z.number()])
    // @ts-expect-error too short a tuple
    defineJob({ name: 'x', payload: pair, schedule: every('2s', { payload: ['a'] }), run: () => undefined })
  })

  it('are demanded of dynamic schedules, beside the schedule or in it', async () => {
    const { schedules } = scheduler
    await schedules.set(withPayload, { key: 'k', schedule: every('1h'), payload: { days: 1 } })
    await schedules.set(withPayload, { key: 'k', schedule: every('1h', { payload: { days: 1 } }) })
    await schedules.set(withPayload, { key: 'k', schedule: every('1h', { payload: { days: 1 } }), payload: { days: 2 } })
    await schedules.set(withoutPayload, { key: 'k', schedule: every('1h') })
    await schedules.set(optional, { key: 'k', schedule: every('1h') })
    await schedules.set(optional, { key: 'k', schedule: every('1h'), payload: { n: 1 } })
    await schedules.set(optional, { key: 'k', schedule: every('1h', { payload: { n: 1 } }) })
    await schedules.setMany(withPayload, [
      { key: 'a', schedule: every('1h'), payload: { days: 1 } },
      { key: 'b', schedule: cron('5 * * * *', { payload: { days: 1 } }) },
    ])
    const settings: ScheduleSetting<{ days: number }>[] = ['a', 'b'].map((key) => ({ key, schedule: every('1h'), payload: { days: 1 } }))
    await schedules.setMany(withPayload, settings)
    await schedules.setMany(
      withoutPayload,
      Array.from({ length: 3 }, (_, index) => ({ key: `k-${index}`, schedule: every('1h') })),
    )
    // @ts-expect-error the schema needs a payload
    await schedules.set(withPayload, { key: 'k', schedule: every('1h') })
    // @ts-expect-error each needs its payload
    await schedules.setMany(withPayload, [{ key: 'k', schedule: every('1h') }])
    // @ts-expect-error of another type
    await schedules.set(withPayload, { key: 'k', schedule: every('1h'), payload: { days: '1' } })
    // @ts-expect-error of another type
    await schedules.set(withPayload, { key: 'k', schedule: every('1h', { payload: { days: '1' } }) })
    // @ts-expect-error the job takes none
    await schedules.set(withoutPayload, { key: 'k', schedule: every('1h'), payload: { days: 1 } })
    // @ts-expect-error the job takes none
    await schedules.set(withoutPayload, { key: 'k', schedule: every('1h', { payload: { days: 1 } }) })
    // @ts-expect-error a key is a text
    await schedules.set(withoutPayload, { key: 42, schedule: every('1h') })
    // @ts-expect-error a text is no schedule
    await schedules.set(withoutPayload, { key: 'k', schedule: '* * * * *' })
  })

  it('type the merge of a debounce', () => {
    defineJob({ name: 'x', payload: z.array(z.string()), debounce: { wait: '5s', merge: (a, b) => [...a, ...b] }, run: () => undefined })
    // @ts-expect-error a merge gives a payload
    defineJob({ name: 'x', payload: z.array(z.string()), debounce: { wait: '5s', merge: () => 1 }, run: () => undefined })
  })
})

describe('ctx.scheduler', () => {
  it('types payloads and results as the scheduler does', () => {
    defineJob({
      name: 'x',
      run: async ({ scheduler: own }) => {
        const handle = await own.trigger(withPayload, { days: 1 }, { once: 'a', key: 'k' })
        expectTypeOf(handle).toEqualTypeOf<RunHandle<{ seen: number }>>()
        await own.trigger(withoutPayload, undefined, { once: true })
        // @ts-expect-error it needs its payload
        await own.trigger(withPayload)
        // @ts-expect-error of another type
        await own.triggerMany(withPayload, [{ payload: { days: '1' }, once: true }])
        // @ts-expect-error outside of a run there is no once
        await scheduler.trigger(withoutPayload, undefined, { once: true })
      },
    })
  })
})

describe('what the facade gives', () => {
  it('jobs of every payload are in one list', () => {
    const jobs: AnyJob[] = [withPayload, withoutPayload, optional]
    createScheduler({ store: memoryStore(), jobs })
  })

  it('runs are held by their id, and tell what made them', async () => {
    expectTypeOf(await scheduler.runs.handle('r')).toEqualTypeOf<RunHandle<unknown>>()
    expectTypeOf(await scheduler.runs.handle<number>('r')).toEqualTypeOf<RunHandle<number>>()
    for (const run of await scheduler.runs.find()) expectTypeOf(run.trigger).toEqualTypeOf<TriggerKind>()
  })

  it('runs are cancelled and replayed together', async () => {
    expectTypeOf(await scheduler.runs.cancelAll({ job: withPayload, state: ['pending'] }, 'why')).toEqualTypeOf<number>()
    await scheduler.runs.replayAll({ job: 'a', key: undefined, again: true, limit: 5 })
    // @ts-expect-error there is no page of them
    await scheduler.runs.cancelAll({ after: 'r' })
    // @ts-expect-error it is dead runs that are replayed
    await scheduler.runs.replayAll({ state: 'succeeded' })
  })

  it('a wait is a duration', () => {
    new RetryAfterError('later', '5m')
    // @ts-expect-error no unit
    new RetryAfterError('later', '5')
  })
})

describe('options', () => {
  it('are closed', () => {
    // @ts-expect-error no such option
    defineJob({ name: 'x', timout: '5s', run: () => undefined })
    // @ts-expect-error no such policy
    defineJob({ name: 'x', overlap: 'ignore', run: () => undefined })
    // @ts-expect-error a job needs a handler
    defineJob({ name: 'x' })
  })

  it('type events by name', () => {
    scheduler.on('run.dead', (event) => expectTypeOf(event.reason).toEqualTypeOf<string>())
    // @ts-expect-error no such event
    scheduler.on('run.done', () => undefined)
  })
})
