/** `scheduler.schedules`: dynamic schedules, by the hundred thousand. */
import { checkCount, checkList, checkNames, requireNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { createPlacements, type Placements } from '../engine/placements.ts'
import { anchorOf, placeSpec, writePlaced } from '../engine/plan-registration.ts'
import type { JobPolicy } from '../job/job.ts'
import { deserialisePayload, parsePayload, serialisePayload } from '../job/payload.ts'
import type { Logger } from '../observe/logger.ts'
import { describeNoSlot } from '../schedule/no-slot.ts'
import { isSchedule, requireSchedule } from '../schedule/require-schedule.ts'
import { bindSchedule } from '../schedule/resolve-spec.ts'
import type { ScheduleWrite } from '../store/schedules.ts'
import { checkKey } from '../trigger/build-request.ts'
import { batchLength } from '../trigger/take-batch.ts'
import { type KnownJobs, jobName } from './job-ref.ts'
import type { GroupDeps } from './runs-group.ts'
import { viewSchedule } from './schedule-view.ts'
import type { ScheduleSetting, Scheduler } from './scheduler.ts'

/** What one store call carries at most. */
const BOUNDS = { most: 1_000, bytes: 4 * 1_048_576 }
const MAX_ROUNDS = 10

type Written = 'created' | 'changed' | 'unchanged'

interface SchedulesDeps extends GroupDeps {
  readonly jobs: KnownJobs
  readonly logger: Logger
  readonly maxPayloadBytes: number
  readonly storeNow: () => Promise<number>
  readonly onWritten: () => void
}

export function createSchedulesGroup(deps: SchedulesDeps): Scheduler['schedules'] {
  const write = async (policy: JobPolicy, settings: readonly Setting[], where: (index: number) => string): Promise<readonly Written[]> => {
    const { maxPayloadBytes } = deps
    const prepared: Prepared[] = []
    const keys = new Set<string>()
    for (const setting of settings) {
      if (needsNoCheck(policy, setting)) prepared.push({ setting, payload: null })
      else prepared.push(await prepare(policy, setting, { maxPayloadBytes, where: where(prepared.length) }))
      keys.add(setting.key)
      if (keys.size < prepared.length) {
        const again = `${where(prepared.length - 1)}: key ${shown(setting.key)} was given before. Give each key once.`
        throw new QuarterjackError('InvalidOption', again)
      }
    }
    const spent: Setting[] = []
    const writing: WriteDeps = { ...deps, placements: createPlacements(), onSpent: (setting) => void spent.push(setting) }
    const outcomes = await writeAll(prepared, (batch) => writeBatch(policy, batch, writing))
    warnOfSpent(policy, spent, deps.logger)
    deps.onWritten()
    return outcomes
  }

  return {
    async setMany(job, settings) {
      const policy = deps.jobs.given(job, 'schedules.setMany')
      const what = `schedules.setMany of job "${policy.name}": settings`
      checkList(settings, what, 'settings')
      return write(policy, settings as readonly Setting[], (index) => `${what}[${index}]`)
    },
    async set(job, setting) {
      const policy = deps.jobs.given(job, 'schedules.set')
      return (await write(policy, [setting as Setting], () => `schedules.set of job "${policy.name}"`))[0] as Written
    },
    async get(job, key) {
      const ref = { job: jobName(job, 'schedules.get'), name: checkKey(key, 'schedules.get: key') }
      const { schedules } = await deps.call('schedules.get', (store) => store.schedules.get({ schedules: [ref] }))
      const record = schedules[0] ?? null
      return record === null ? null : viewSchedule(record, deps.policies.get(record.job)?.sensitive ?? null)
    },
    async list(filter = {}) {
      checkNames(filter, ['job', 'after', 'limit'], 'schedules.list')
      const { job, after, limit = 100 } = filter
      checkNames(after, ['job', 'name'], 'schedules.list: after')
      const query = {
        job: job === undefined ? undefined : jobName(job, 'schedules.list: job'),
        after,
        limit: Math.min(checkCount(limit, 'schedules.list: limit', { least: 1, code: 'InvalidQuery' }), 10_000),
      }
      const { schedules } = await deps.call('schedules.list', (store) => store.schedules.list(query))
      return schedules.map((record) => viewSchedule(record, deps.policies.get(record.job)?.sensitive ?? null))
    },
    async remove(job, key) {
      const ref = { job: jobName(job, 'schedules.remove'), name: checkKey(key, 'schedules.remove: key') }
      const { removed } = await deps.call('schedules.remove', (store) => store.schedules.remove({ schedules: [ref] }))
      return removed[0] ?? false
    },
  }
}

type Setting = ScheduleSetting<unknown>

interface Prepared {
  readonly setting: Setting
  readonly payload: string | null
}

const PLAIN_KEY = /^[\w.:/-]{1,128}$/

/**
 * A plain key and no payload, of a job that takes none: spares 100,000 of them a promise each. What is false for anything
 * else: `prepare` says what is wrong with it.
 */
function needsNoCheck({ payload }: JobPolicy, setting: unknown): boolean {
  if (payload !== null || typeof setting !== 'object' || setting === null) return false
  for (const name in setting) if (name !== 'key' && name !== 'schedule') return false
  const { key, schedule } = setting as Partial<Setting>
  if (typeof key !== 'string' || !isSchedule(schedule)) return false
  return schedule.payload === undefined && schedule.excludes.length === 0 && PLAIN_KEY.test(key)
}

/** Everything that can be refused is refused before anything is written. */
async function prepare(
  policy: JobPolicy,
  setting: Setting,
  deps: { readonly maxPayloadBytes: number; readonly where: string },
): Promise<Prepared> {
  requireNames(setting, ['key', 'schedule', 'payload'], deps.where)
  checkKey(setting.key, `${deps.where}: key`)
  const what = `schedule ${shown(setting.key)} of job "${policy.name}"`
  requireSchedule(setting.schedule, `${what}: schedule`)
  if (setting.key === '' || setting.key.startsWith('#')) {
    throw new QuarterjackError('InvalidSchedule', `${what}: the key must not be empty or begin with "#": those name the schedules in code.`)
  }
  if (setting.schedule.excludes.length > 0) {
    throw new QuarterjackError(
      'InvalidSchedule',
      `${what}: exclude: a calendar function cannot be stored. Use days or ranges, or ctx.skip() in the handler.`,
    )
  }
  const text = serialisePayload(setting.payload ?? setting.schedule.payload, deps.maxPayloadBytes, what)
  await parsePayload(policy.payload, deserialisePayload(text), what)
  return { setting, payload: text }
}

/** Batch by batch, two side by side: no key is in both. The first failure ends it, once nothing is under way. */
async function writeAll(
  prepared: readonly Prepared[],
  writeOne: (batch: readonly Prepared[]) => Promise<readonly Written[]>,
): Promise<readonly Written[]> {
  const batches: (readonly Prepared[])[] = []
  for (let from = 0, length = 0; from < prepared.length; from += length) {
    const ahead = prepared.slice(from, from + BOUNDS.most)
    length = batchLength(ahead, ({ payload }) => payload?.length ?? 0, BOUNDS)
    batches.push(ahead.slice(0, length))
  }
  const outcomes: (readonly Written[])[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < batches.length) {
      const turn = next++
      try {
        outcomes[turn] = await writeOne(batches[turn] as readonly Prepared[])
      } catch (error) {
        next = batches.length
        throw error
      }
    }
  }
  const ends = await Promise.allSettled([lane(), lane()])
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return outcomes.flat()
}

interface WriteDeps extends GroupDeps {
  readonly storeNow: () => Promise<number>
  readonly onSpent: (setting: Setting) => void
  /** Of all batches of one call. */
  readonly placements: Placements
}

async function writeBatch(policy: JobPolicy, batch: readonly Prepared[], deps: WriteDeps): Promise<readonly Written[]> {
  const outcomes: Written[] = new Array(batch.length)
  const anchors = await anchorsOf(policy, batch, deps)
  let open = batch.map((prepared, index) => ({ prepared, index, asOf: 0 }))
  const readAt = await deps.storeNow()
  const write = createWriter(policy, anchors, deps)
  for (let round = 0; open.length > 0; round++) {
    if (round === MAX_ROUNDS)
      throw new QuarterjackError(
        'StoreUnavailable',
        `${open.length} schedules of job "${policy.name}" lost ${MAX_ROUNDS} races in a row; set them again.`,
      )
    const writes = open.map(({ prepared, asOf }) => write(prepared, Math.max(readAt, asOf)))
    const { replies } = await deps.call('schedules.set', (store) => store.schedules.set({ schedules: writes }))
    const stale: typeof open = []
    for (const [position, one] of open.entries()) {
      const reply = replies[position]
      if (reply === undefined || reply.status === 'stale') {
        stale.push({ ...one, asOf: reply?.cursor ?? one.asOf })
        continue
      }
      outcomes[one.index] = reply.status
      if (reply.status !== 'unchanged' && writes[position]?.nextSlot === null) deps.onSpent(one.prepared.setting)
    }
    open = stale
  }
  return outcomes
}

/** It is right to set what is over, for instance again; that it will never fire should be seen all the same. */
function warnOfSpent({ name: job }: JobPolicy, spent: readonly Setting[], logger: Logger): void {
  const [first] = spent
  if (first === undefined) return
  const more = spent.length === 1 ? '' : ` So it is with ${spent.length - 1} more that were set with it.`
  logger.warn(
    { job, schedule: first.key, schedules: spent.length },
    `schedule ${shown(first.key)} of job "${job}" will never fire: ${describeNoSlot(first.schedule.spec)}.${more}`,
  )
}

/** Makes writes. */
function createWriter(
  policy: JobPolicy,
  anchors: ReadonlyMap<string, number>,
  { nextId, placements }: Pick<WriteDeps, 'nextId' | 'placements'>,
): (prepared: Prepared, asOf: number) => ScheduleWrite {
  const job = policy.name
  return ({ setting: { key, schedule }, payload }, asOf) => {
    const facts = { job, name: key, key, payload, asOf, incarnation: nextId() }
    const anchorAt = anchors.get(key) ?? null
    // A spec with an H is bound to the key, and another one for each.
    const shared = anchorAt === null ? placements.find(schedule.spec, asOf) : undefined
    if (shared !== undefined) return writePlaced(facts, shared)
    const { spec } = bindSchedule(schedule, `${job}/${key}`)
    const placed = placeSpec({ spec, functions: [], asOf, anchorAt })
    if (anchorAt === null) placements.keep(spec, asOf, placed)
    return writePlaced(facts, placed)
  }
}

/** Registration anchors that exist are kept, so that setting the same schedule again changes nothing. */
async function anchorsOf(policy: JobPolicy, batch: readonly Prepared[], deps: GroupDeps): Promise<ReadonlyMap<string, number>> {
  const anchored = batch.filter(
    ({ setting }) => setting.schedule.spec.kind === 'every' && setting.schedule.spec.anchorAt === 'registration',
  )
  if (anchored.length === 0) return new Map()
  const { schedules } = await deps.call('schedules.get', (store) =>
    store.schedules.get({ schedules: anchored.map(({ setting }) => ({ job: policy.name, name: setting.key })) }),
  )
  const anchors = new Map<string, number>()
  for (const record of schedules) {
    const anchor = record === null ? null : anchorOf(record.spec)
    if (record !== null && anchor !== null) anchors.set(record.name, anchor)
  }
  return anchors
}
