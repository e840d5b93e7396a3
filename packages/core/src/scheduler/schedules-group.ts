/** `scheduler.schedules`: dynamic schedules, by the hundred thousand. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { anchorOf, type Placed, placeSpec, planScheduleWrite } from '../engine/plan-registration.ts'
import type { Job, JobPolicy } from '../job/job.ts'
import { deserialisePayload, parsePayload, serialisePayload } from '../job/payload.ts'
import { bindSchedule } from '../schedule/resolve-spec.ts'
import type { ScheduleSpec } from '../schedule/schedule.ts'
import type { ScheduleWrite } from '../store/schedules.ts'
import { checkKey } from '../trigger/build-request.ts'
import { batchLength } from '../trigger/take-batch.ts'
import { jobName, type GroupDeps } from './runs-group.ts'
import { viewSchedule } from './schedule-view.ts'
import type { ScheduleSetting, Scheduler } from './scheduler.ts'

/** What one store call carries at most. */
const BOUNDS = { most: 1_000, bytes: 4 * 1_048_576 }
const MAX_ROUNDS = 10

type Written = 'created' | 'changed' | 'unchanged'

export function createSchedulesGroup(
  deps: GroupDeps & { readonly maxPayloadBytes: number; readonly storeNow: () => Promise<number>; readonly onWritten: () => void },
): Scheduler['schedules'] {
  const setMany = async <In, R>(job: Job<In, R>, settings: readonly ScheduleSetting<In>[]): Promise<readonly Written[]> => {
    const prepared: Prepared[] = []
    for (const setting of settings as readonly ScheduleSetting<unknown>[]) {
      prepared.push(needsNoCheck(job.policy, setting) ? { setting, payload: null } : await prepare(job.policy, setting, deps))
    }
    const outcomes: Written[] = []
    for (let left = prepared; left.length > 0; ) {
      const length = batchLength(left, ({ payload }) => payload?.length ?? 0, BOUNDS)
      outcomes.push(...(await writeBatch(job.policy, left.slice(0, length), deps)))
      left = left.slice(length)
    }
    deps.onWritten()
    return outcomes
  }

  return {
    setMany,
    async set(job, setting) {
      return (await setMany(job, [setting]))[0] as Written
    },
    async get(job, key) {
      const { schedules } = await deps.call('schedules.get', (store) =>
        store.schedules.get({ schedules: [{ job: jobName(job), name: key }] }),
      )
      const record = schedules[0] ?? null
      return record === null ? null : viewSchedule(record, deps.policies.get(record.job)?.sensitive ?? null)
    },
    async list(filter = {}) {
      const { job, after, limit = 100 } = filter
      const { schedules } = await deps.call('schedules.list', (store) =>
        store.schedules.list({ job: job === undefined ? undefined : jobName(job), after, limit: Math.min(limit, 10_000) }),
      )
      return schedules.map((record) => viewSchedule(record, deps.policies.get(record.job)?.sensitive ?? null))
    },
    async remove(job, key) {
      const { removed } = await deps.call('schedules.remove', (store) =>
        store.schedules.remove({ schedules: [{ job: jobName(job), name: key }] }),
      )
      return removed[0] ?? false
    },
  }
}

interface Prepared {
  readonly setting: ScheduleSetting<unknown>
  readonly payload: string | null
}

const PLAIN_KEY = /^[\w.:/-]{1,128}$/

/** A plain key and no payload, of a job that takes none: spares 100,000 of them a promise each. */
function needsNoCheck({ payload }: JobPolicy, setting: ScheduleSetting<unknown>): boolean {
  const { excludes, payload: own } = setting.schedule
  return payload === null && setting.payload === undefined && own === undefined && excludes.length === 0 && PLAIN_KEY.test(setting.key)
}

/** Everything that can be refused is refused before anything is written. */
async function prepare(
  policy: JobPolicy,
  setting: ScheduleSetting<unknown>,
  deps: { readonly maxPayloadBytes: number },
): Promise<Prepared> {
  const what = `schedule ${JSON.stringify(setting.key)} of job "${policy.name}"`
  checkKey(setting.key, `${what}: key`)
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

async function writeBatch(
  policy: JobPolicy,
  batch: readonly Prepared[],
  deps: GroupDeps & { readonly storeNow: () => Promise<number> },
): Promise<readonly Written[]> {
  const outcomes: Written[] = new Array(batch.length)
  const anchors = await anchorsOf(policy, batch, deps)
  let open = batch.map((prepared, index) => ({ prepared, index, asOf: 0 }))
  const readAt = await deps.storeNow()
  const write = createWriter(policy, anchors, deps.nextId)
  for (let round = 0; open.length > 0; round++) {
    if (round === MAX_ROUNDS)
      throw new QuarterjackError(
        'StoreUnavailable',
        `${open.length} schedules of job "${policy.name}" lost ${MAX_ROUNDS} races in a row; set them again.`,
      )
    const writes = open.map(({ prepared, asOf }) => write(prepared, Math.max(readAt, asOf)))
    const { replies } = await deps.call('schedules.set', (store) => store.schedules.set({ schedules: writes }))
    open = open.flatMap((one, position) => {
      const reply = replies[position]
      if (reply === undefined || reply.status === 'stale') return [{ ...one, asOf: reply?.cursor ?? one.asOf }]
      outcomes[one.index] = reply.status
      return []
    })
  }
  return outcomes
}

/** Makes writes; schedules that share a spec share the arithmetic. */
function createWriter(
  policy: JobPolicy,
  anchors: ReadonlyMap<string, number>,
  nextId: () => string,
): (prepared: Prepared, asOf: number) => ScheduleWrite {
  const shared = new Map<ScheduleSpec, { readonly asOf: number; readonly placed: Placed }>()
  return ({ setting, payload }, asOf) => {
    const { spec } = bindSchedule(setting.schedule, `${policy.name}/${setting.key}`)
    const anchorAt = anchors.get(setting.key) ?? null
    const facts = {
      job: policy.name,
      name: setting.key,
      key: setting.key,
      spec,
      functions: [],
      payload,
      asOf,
      anchorAt,
      incarnation: nextId(),
    }
    if (anchorAt !== null) return planScheduleWrite(facts)
    const known = shared.get(spec)
    if (known?.asOf === asOf) return planScheduleWrite(facts, known.placed)
    const placed = placeSpec(facts)
    shared.set(spec, { asOf, placed })
    return planScheduleWrite(facts, placed)
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
