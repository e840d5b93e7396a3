/** What the compiler accepts. Checked by `tsc` with the rest of the tests. */
import { expectTypeOf } from 'vitest'
import { at } from '../../src/schedule/at.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import type { Schedule } from '../../src/schedule/schedule.ts'

// Without a payload.
expectTypeOf(cron('5 * * * *')).toEqualTypeOf<Schedule<undefined>>()
expectTypeOf(every('6h', { anchor: 'registration', align: '1h' })).toEqualTypeOf<Schedule<undefined>>()
expectTypeOf(at(0, { key: 'once' })).toEqualTypeOf<Schedule<undefined>>()

// The payload gives the type.
expectTypeOf(cron('5 * * * *', { payload: { days: 1 } })).toEqualTypeOf<Schedule<{ days: 1 }>>()
expectTypeOf(cron('5 * * * *', { payload: { days: 1 } })).toExtend<Schedule<{ days: number }>>()
expectTypeOf(every('6h', { payload: 'all', timeZone: 'UTC' })).toExtend<Schedule<string>>()
expectTypeOf(at(new Date(), { payload: [1] })).toExtend<Schedule<number[]>>()

// Literals are kept, lists stay writable, and what has a type of its own keeps it.
expectTypeOf(every('6h', { payload: { region: 'eu', tags: ['a', 'b'] } })).toEqualTypeOf<Schedule<{ region: 'eu'; tags: ['a', 'b'] }>>()
interface Report {
  readonly days?: number
  at: Date
  parts: readonly { name: string }[]
}
declare const report: Report
expectTypeOf(every('6h', { payload: report })).toExtend<Schedule<Report>>()
declare const anything: unknown
expectTypeOf(cron('5 * * * *', { payload: anything })).toEqualTypeOf<Schedule<unknown>>()

// The place where it is used gives literals their type.
const modes: Schedule<{ mode: 'fast' | 'slow' }> = every('6h', { payload: { mode: 'fast' } })
expectTypeOf(modes).toExtend<Schedule<{ mode: string }>>()
// @ts-expect-error a payload of another shape
const wrong: Schedule<{ days: number }> = every('6h', { payload: { hours: 1 } })
// @ts-expect-error no payload where one is needed
const missing: Schedule<{ days: number }> = cron('5 * * * *')
void [wrong, missing]

// @ts-expect-error not a duration
every('6 hours')
// @ts-expect-error anchor belongs to every
cron('5 * * * *', { anchor: 'epoch' })
// @ts-expect-error a misspelt option
every('1m', { timezone: 'UTC' })
// @ts-expect-error a calendar function answers true or false
every('1m', { exclude: [async () => true] })
