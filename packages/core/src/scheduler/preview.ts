/** The next slots of a job, by the very code that fires them. */
import type { Engine } from '../engine/engine.ts'
import { jitterSeed } from '../engine/plan-registration.ts'
import { checkCount, checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { JobPolicy } from '../job/job.ts'
import { dueAt } from '../schedule/jitter.ts'
import { nextFiringSlot } from '../schedule/next-slots.ts'
import { parseSpec, resolveSpec } from '../schedule/resolve-spec.ts'
import type { ResolvedSpec } from '../schedule/schedule.ts'
import type { ScheduleRecord } from '../store/records.ts'
import { toInstant } from '../time/instant.ts'
import { jobName, type KnownJobs } from './job-ref.ts'
import type { PreviewSlot, Scheduler } from './scheduler.ts'

/** Schedules of a job that are read at most. */
const MOST_PREVIEWED = 1_000

/** `scheduler.preview`. */
export function createPreview({ call, jobs }: { readonly call: Engine['call']; readonly jobs: KnownJobs }): Scheduler['preview'] {
  return async (job, options = {}) => {
    checkNames(options, ['count', 'from', 'schedule'], 'preview')
    const name = jobName(job, 'preview')
    const { schedule } = options
    const { storeNow, schedules } = await call('schedules.list', async (opened) => ({
      storeNow: await opened.now(),
      ...(schedule === undefined
        ? await opened.schedules.list({ job: name, limit: MOST_PREVIEWED })
        : await opened.schedules.get({ schedules: [{ job: name, name: schedule }] })),
    }))
    const records = schedules.filter((record) => record !== null)
    const policy = jobs.policies.get(name) ?? null
    const sources = previewSources(records, policy, storeNow).filter(({ name: one }) => schedule === undefined || one === schedule)
    if (records.length === 0 && sources.length === 0) {
      await jobs.kept(name)
      if (schedule !== undefined)
        throw new QuarterjackError(
          'UnknownSchedule',
          `preview: job "${name}" has no schedule ${shown(schedule)}. List them with schedules.list().`,
        )
    }
    const from = options.from === undefined ? storeNow : toInstant(options.from, 'preview: from')
    return previewSlots(name, sources, from, options.count ?? 10)
  }
}

export interface PreviewSource {
  readonly name: string
  readonly spec: ResolvedSpec
  readonly functions: readonly ((slot: Date) => boolean)[]
}

/** Stored schedules decide; what code declares stands in where the store has nothing yet. */
export function previewSources(records: readonly ScheduleRecord[], policy: JobPolicy | null, now: number): readonly PreviewSource[] {
  const functionsOf = (name: string): PreviewSource['functions'] =>
    policy?.schedules.find((bound) => bound.name === name)?.schedule.excludes ?? []
  const stored = records
    .filter((record) => record.quarantined === null)
    .map((record) => ({ name: record.name, spec: parseSpec(record.spec), functions: functionsOf(record.name) }))
  const known = new Set(records.map((record) => record.name))
  const declared = (policy?.schedules ?? [])
    .filter((bound) => !known.has(bound.name))
    .map(({ name, schedule }) => ({ name, spec: resolveSpec(schedule.spec, now), functions: schedule.excludes }))
  return [...stored, ...declared]
}

/** The first `count` slots after `from` over all sources, in order. */
export function previewSlots(job: string, sources: readonly PreviewSource[], from: number, count: number): readonly PreviewSlot[] {
  checkCount(count, 'preview: count', { least: 1, most: 10_000 })
  const next = sources.map((source) => nextFiringSlot(source.spec, source.functions, from))
  const slots: PreviewSlot[] = []
  while (slots.length < count) {
    let earliest = -1
    next.forEach((slot, index) => {
      const best = next[earliest]
      if (slot !== null && (best === undefined || best === null || slot < best)) earliest = index
    })
    const source = sources[earliest]
    const slot = next[earliest]
    if (source === undefined || slot === undefined || slot === null) break
    slots.push({ slot: new Date(slot), dueAt: new Date(dueAt(source.spec, jitterSeed(job, source.name), slot)), schedule: source.name })
    next[earliest] = nextFiringSlot(source.spec, source.functions, slot)
  }
  return slots
}
