/** The facade, called wrongly: refused with the field, the value and the remedy, before anything is done. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createMutex, createScheduler, defineJob, every, memoryStore, nextSlots } from '../../src/index.ts'
import { refusalOf } from './refusal-of.ts'

/** What the types forbid, for the sake of those who have none. */
const loose = (value: unknown): never => value as never

const plain = defineJob({ name: 'alpha', run: () => undefined })
const needy = defineJob({ name: 'beta', payload: z.object({ days: z.number() }), run: () => undefined })
const other = defineJob({ name: 'other', run: () => undefined })
const hourly = every('1h')
const store = memoryStore()
const s = createScheduler({ store, jobs: [plain, needy], logger: false })
const untyped = s as unknown as Record<string, (...given: unknown[]) => unknown>

describe('unknown options', () => {
  it.each<[call: string, run: () => unknown, typed: string, meant: string, known: string]>([
    ['start', () => s.start(loose({ onyl: [plain] })), 'onyl', 'only', 'only, runOnStart'],
    ['stop', () => s.stop(loose({ garce: '1s' })), 'garce', 'grace', 'grace'],
    ['tick', () => s.tick(loose({ limti: 1 })), 'limti', 'limit', 'limit, budget, every'],
    ['trigger of job "alpha"', () => s.trigger(plain, undefined, loose({ dely: '5s' })), 'dely', 'delay', 'key, delay, runAt'],
    ['triggerMany of job "beta": items[0]', () => s.triggerMany(needy, loose([{ paylod: 1 }])), 'paylod', 'payload', 'payload, key, delay'],
    [
      'trigger of job "alpha": debounce',
      () => s.trigger(plain, undefined, { debounce: loose({ wiat: '5s' }) }),
      'wiat',
      'wait',
      'wait, maxWait, leading, trailing, merge',
    ],
    ['suspend', () => s.suspend(plain, 'why', loose({ schedul: 'x' })), 'schedul', 'schedule', 'schedule'],
    ['resume', () => s.resume(plain, loose({ schedul: 'x' })), 'schedul', 'schedule', 'schedule'],
    ['preview', () => s.preview(plain, loose({ cuont: 1 })), 'cuont', 'count', 'count, from, schedule'],
    ['audit', () => s.audit(loose({ limt: 1 })), 'limt', 'limit', 'job, limit'],
    ['runs.find', () => s.runs.find(loose({ states: 'dead' })), 'states', 'state', 'job, key'],
    ['runs.replayAll', () => s.runs.replayAll(loose({ jobb: 'alpha' })), 'jobb', 'job', 'job, key, createdAfter, createdBefore, limit'],
    [
      'runs.cancelAll',
      () => s.runs.cancelAll(loose({ states: 'dead' })),
      'states',
      'state',
      'job, key, createdAfter, createdBefore, limit',
    ],
    ['schedules.list', () => s.schedules.list(loose({ limti: 1 })), 'limti', 'limit', 'job, after, limit'],
    ['schedules.list: after', () => s.schedules.list({ after: loose({ jb: 'x' }) }), 'jb', 'job', 'job, name'],
    [
      'schedules.set of job "beta"',
      () => s.schedules.set(needy, loose({ key: 'k', schedule: hourly, paylod: { days: 1 } })),
      'paylod',
      'payload',
      'key, schedule, payload',
    ],
    [
      'schedules.setMany of job "alpha": settings[1]',
      () => s.schedules.setMany(plain, [{ key: 'k', schedule: hourly }, loose({ key: 'l', shedule: hourly })]),
      'shedule',
      'schedule',
      'key, schedule, payload',
    ],
    ['createMutex', () => createMutex(store, 'm', loose({ leas: '1m' })), 'leas', 'lease', 'lease, clock, random'],
    ['withLock', () => createMutex(store, 'm').withLock(() => 1, loose({ wiat: '1s' })), 'wiat', 'wait', 'wait, signal'],
    ['finished', async () => (await s.trigger(plain)).finished(loose({ timeot: '1s' })), 'timeot', 'timeout', 'timeout, signal'],
    ['memoryStore', () => memoryStore(loose({ clok: 1 })), 'clok', 'clock', 'clock'],
    ['nextSlots', () => nextSlots(hourly, loose({ from: 0, cuont: 1 })), 'cuont', 'count', 'from, count, job'],
  ])('%s', async (call, run, typed, meant, known) => {
    const refusal = await refusalOf(run)
    expect(refusal).toContain(`InvalidOption: ${call}: "${typed}" is not an option. Did you mean "${meant}"? Known are ${known}`)
  })
})

describe('wrong arguments', () => {
  const key =
    (given: unknown): (() => unknown) =>
    () =>
      s.schedules.set(plain, loose({ key: given, schedule: hourly }))
  const schedule =
    (given: unknown): (() => unknown) =>
    () =>
      s.schedules.set(plain, loose({ key: 'k', schedule: given }))

  it.each<[what: string, run: () => unknown, message: string]>([
    ['a key that is a number', key(42), 'InvalidOption: schedules.set of job "alpha": key: 42 is not usable; give a text'],
    ['a key of null', key(null), 'InvalidOption: schedules.set of job "alpha": key: null is not usable'],
    ['no key', key(undefined), 'InvalidOption: schedules.set of job "alpha": key: undefined is not usable'],
    ['a key that is far too long', key('k'.repeat(5_000)), `key: "${'k'.repeat(100)}"… (5000 characters) is not usable`],
    ['an empty key', key(''), 'InvalidSchedule: schedule "" of job "alpha": the key must not be empty'],
    [
      'a cron text',
      schedule('* * * * *'),
      'InvalidOption: schedule "k" of job "alpha": schedule: "* * * * *" is not a schedule. Write cron(',
    ],
    ['a step', schedule('6h'), '"6h" is not a schedule. Write every("6h").'],
    ['an object', schedule({ cron: '@daily' }), '{ cron } is not a schedule. Write cron("@daily").'],
    ['a list of schedules', schedule([hourly]), 'a list of 1 is not a schedule. Give one here; several have a key each.'],
    ['a factory that was not called', schedule(every), 'a function is not a schedule. Call it'],
    ['no schedule', schedule(undefined), 'undefined is not a schedule. Make one with cron(), every() or at().'],
    [
      'no setting',
      () => s.schedules.set(plain, loose(undefined)),
      'InvalidOption: schedules.set of job "alpha": options must be an object',
    ],
    ['settings that are no list', () => s.schedules.setMany(plain, loose({})), 'settings: {} is not a list of settings. Put it into [ ].'],
    [
      'a name to set',
      () => s.schedules.set(loose('alpha'), loose({})),
      'InvalidOption: schedules.set: "alpha" is a name. Pass the job itself',
    ],
    [
      'an unknown job to set',
      () => s.schedules.set(other, { key: 'k', schedule: hourly }),
      'UnknownJob: job "other" is not among the jobs',
    ],
    ['an unknown job to set many', () => s.schedules.setMany(other, []), 'UnknownJob: job "other"'],
    ['an unknown job to preview', () => s.preview(other), 'UnknownJob: job "other" is not among the jobs of this scheduler (alpha, beta).'],
    ['an unknown job to trigger', () => s.trigger(other), 'UnknownJob: job "other"'],
    [
      'a key to set twice',
      () => s.schedules.setMany(plain, [...['a', 'b', 'a'].map((key) => ({ key, schedule: hourly }))]),
      'InvalidOption: schedules.setMany of job "alpha": settings[2]: key "a" was given before. Give each key once.',
    ],
    ['a key to get', () => s.schedules.get(plain, loose(42)), 'InvalidOption: schedules.get: key: 42'],
    ['a key to remove', () => s.schedules.remove(plain, loose(null)), 'InvalidOption: schedules.remove: key: null'],
    ['a job to get', () => s.schedules.get(loose(7), 'k'), 'InvalidOption: schedules.get: 7 is neither a job nor the name of one.'],
    ['a limit of the list', () => s.schedules.list({ limit: 0 }), 'InvalidQuery: schedules.list: limit: 0 is not a whole number from 1.'],

    [
      'a name to trigger',
      () => s.trigger(loose('alpha')),
      'InvalidOption: trigger: "alpha" is a name. Pass the job itself, as defineJob()',
    ],
    ['nothing to trigger', () => untyped.trigger?.(), 'InvalidOption: trigger: undefined is no job.'],
    [
      'options that are none',
      () => s.trigger(plain, undefined, loose('now')),
      'trigger of job "alpha": options must be an object with any of key',
    ],
    [
      'options in place of the payload',
      () => s.trigger(plain, loose({ delay: '5m', key: 'k' })),
      'PayloadInvalid: trigger of job "alpha": it takes no payload. Options come third: trigger(job, undefined, { delay, key }).',
    ],
    [
      'options that hold what JSON cannot keep',
      () => s.trigger(plain, loose({ debounce: { wait: '1s', merge: () => 1 } })),
      'Options come third: trigger(job, undefined, { debounce }).',
    ],
    [
      'a payload that is none',
      () => s.trigger(plain, loose({ delay: '5m', days: 1 })),
      'it takes no payload. Give the job a payload schema',
    ],
    [
      'how long a key is known, without one',
      () => s.trigger(plain, undefined, { idempotencyTtl: '1h' }),
      'InvalidOption: trigger of job "alpha": idempotencyTtl says nothing without an idempotencyKey.',
    ],
    ['items that are no list', () => s.triggerMany(plain, loose({})), 'triggerMany of job "alpha": items: {} is not a list of triggers.'],
    ['an item that is none', () => s.triggerMany(plain, [loose(null)]), 'items[0]: options must be an object with any of payload'],
    [
      'a delay that is a BigInt',
      () => s.trigger(plain, undefined, { delay: loose(5n) }),
      'InvalidDuration: trigger of job "alpha": delay: 5n',
    ],
    [
      'a wait longer than maxWait',
      () => s.trigger(plain, undefined, { debounce: { wait: '5s', maxWait: '1s' } }),
      'InvalidOption: trigger of job "alpha": debounce: wait ("5s") is longer than maxWait ("1s"). Swap them.',
    ],
    [
      'a debounce that never runs',
      () => s.trigger(plain, undefined, { debounce: { wait: '5s', trailing: false } }),
      'debounce: with trailing: false, leading must be true',
    ],
    [
      'a merge',
      () => s.trigger(plain, undefined, { debounce: { wait: 1, merge: loose('both') } }),
      'debounce.merge: "both" is none. Use "last"',
    ],

    [
      'one job to start',
      () => s.start(loose({ only: plain })),
      'start: only: { name, policy } is not a list of jobs or names. Put it into [ ].',
    ],
    [
      'a mistyped job to start',
      () => s.start({ only: ['alpa'] }),
      'UnknownJob: job "alpa" is not among the jobs of this scheduler (alpha, beta). Did you',
    ],
    ['a limit of a tick', () => s.tick({ limit: 0 }), 'InvalidOption: tick: limit: 0 is not a whole number from 1.'],
    ['a limit of an audit', () => s.audit({ limit: -1 }), 'InvalidOption: audit: limit: -1 is not a whole number from 1.'],
    [
      'a count of a preview',
      () => s.preview(plain, { count: 1.5 }),
      'InvalidOption: preview: count: 1.5 is not a whole number from 1 to 10000.',
    ],
    [
      'no filter to replay',
      () => s.runs.replayAll(loose(undefined)),
      'InvalidOption: runs.replayAll: options must be an object with any of job',
    ],
    ['a filter to replay that was dropped', () => s.runs.replayAll(loose({ unreplayed: true })), '"unreplayed" is not an option.'],
    ['a limit to replay', () => s.runs.replayAll({ limit: 0 }), 'InvalidQuery: runs.replayAll: limit: 0'],
    ['a job to find', () => s.runs.find({ job: loose(null) }), 'InvalidOption: runs: job: null is neither'],
    [
      'a run that is not there',
      () => s.runs.cancel('x'.repeat(5_000)),
      `UnknownRun: There is no run "${'x'.repeat(100)}"… (5000 characters).`,
    ],
    [
      'a reason to cancel',
      () => s.runs.cancel('id', loose({ reason: 'x' })),
      'InvalidOption: runs.cancel: reason: { reason } is not a text.',
    ],
    ['no filter to cancel', () => s.runs.cancelAll(loose(undefined)), 'InvalidOption: runs.cancelAll: options must be an object with any'],
    ['a limit to cancel', () => s.runs.cancelAll({ limit: 0 }), 'InvalidQuery: runs.cancelAll: limit: 0 is not a whole number from 1.'],
    [
      'a state to cancel',
      () => s.runs.cancelAll({ state: ['pending', 'dead'] }),
      'InvalidQuery: runs: state: "dead" is none of pending, waiting, running.',
    ],
    ['a reason to cancel all', () => s.runs.cancelAll({}, loose(7)), 'InvalidOption: runs.cancelAll: reason: 7 is not a text.'],
    ['a run to hold', () => s.runs.handle('nope'), 'UnknownRun: There is no run "nope".'],
    [
      'an unknown job to audit',
      () => s.audit({ job: 'alhpa' }),
      'UnknownJob: job "alhpa" is not among the jobs of this scheduler (alpha, beta). Did',
    ],
    ['an unknown job to suspend', () => s.suspend('zz', 'why'), 'UnknownJob: job "zz" is not among'],
    ['an unknown job to resume', () => s.resume('zz'), 'UnknownJob: job "zz" is not among'],
    [
      'an unknown schedule to preview',
      () => s.preview(plain, { schedule: 'nope' }),
      'UnknownSchedule: preview: job "alpha" has no schedule "nope". List them with schedules.list().',
    ],
    ['a job to retire', () => s.retire(loose(undefined)), 'InvalidOption: retire: undefined is neither a job nor the name of one.'],
    ['an event', () => s.on(loose('run.succeded'), () => undefined), 'on: there is no event "run.succeded". Did you mean "run.succeeded"?'],

    [
      'no store for a mutex',
      () => createMutex(loose('m'), loose(undefined)),
      'InvalidOption: createMutex: "m" is not a store. Write createMutex(store, name).',
    ],
    ['no name for a mutex', () => createMutex(store, loose(undefined)), 'InvalidName: createMutex: name undefined is not valid'],
    [
      'no work for a lock',
      () => createMutex(store, 'm').withLock(loose(undefined)),
      'InvalidOption: withLock: undefined is not a function.',
    ],
    [
      'no schedule to look ahead',
      () => nextSlots(loose('@daily'), { from: 0 }),
      'InvalidOption: nextSlots: schedule: "@daily" is not a schedule.',
    ],
  ])('%s', async (_, run, message) => {
    expect(await refusalOf(run)).toContain(message)
  })

  it('leave nothing behind', async () => {
    expect(await s.schedules.list()).toEqual([])
    await expect(s.schedules.setMany(plain, [{ key: 'fine', schedule: hourly }, loose({ key: 7, schedule: hourly })])).rejects.toThrow(
      'key: 7',
    )
    expect(await s.schedules.list()).toEqual([])
  })
})

it('a client sets the schedules of jobs that only others execute', async () => {
  expect(await s.schedules.set(plain, { key: 'project-1', schedule: hourly })).toBe('created')
  expect(await s.preview(plain, { count: 1 })).toMatchObject([{ schedule: 'project-1' }])
  expect(await s.schedules.remove(plain, 'project-1')).toBe(true)
})
