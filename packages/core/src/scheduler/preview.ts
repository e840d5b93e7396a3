/** The next slots of a job, by the very code that fires them. */
import { checkCount } from '../errors/check-call.ts'
import { jitterSeed } from '../engine/plan-registration.ts'
import type { JobPolicy } from '../job/job.ts'
import { dueAt } from '../schedule/jitter.ts'
import { nextFiringSlot } from '../schedule/next-slots.ts'
import { parseSpec, resolveSpec } from '../schedule/resolve-spec.ts'
import type { ResolvedSpec } from '../schedule/schedule.ts'
import type { ScheduleRecord } from '../store/records.ts'
import type { PreviewSlot } from './scheduler.ts'

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
