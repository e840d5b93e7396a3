/** Judges the facts of `doctor`: pure, one function per check. */
import { isNodeSupported, OLDEST_NODE } from '../errors/require-node.ts'
import type { DoctorFacts, SourceFacts, StateFacts, StoreFacts } from './doctor-facts.ts'
import { formatCount, formatElapsed } from './format.ts'

/** One line of `doctor`. */
export interface DoctorCheck {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; `null` when nothing need be done. */
  readonly remedy: string | null
}

const SLOW_STORE_MS = 100
const LARGE_OFFSET_MS = 1_000
const OVERDUE_MS = 60_000
const NAMED = 5

/** All checks that the facts permit, in the order to read them. */
export function planDoctorChecks(facts: DoctorFacts): readonly DoctorCheck[] {
  const first = [checkNode(facts.nodeVersion), checkReachable(facts.store), checkClock(facts.store), checkKind(facts)]
  const { state } = facts
  const later =
    state === null
      ? []
      : [checkProcesses(state), checkWorkers(state), checkUnknown(facts, state), checkQuarantined(state), checkOverdue(state)]
  return [...first, ...later, ...checkSources(facts.sources)].filter((check) => check !== null)
}

function ok(name: string, detail: string): DoctorCheck {
  return { name, status: 'ok', detail, remedy: null }
}

function checkNode(version: string): DoctorCheck {
  if (isNodeSupported(version)) return ok('node', version)
  return { name: 'node', status: 'fail', detail: `${version} is too old`, remedy: `Run on Node ${OLDEST_NODE} or newer.` }
}

function checkReachable({ name, error, latencyMs }: StoreFacts): DoctorCheck {
  if (error !== null) {
    return {
      name: 'store',
      status: 'fail',
      detail: `${name} does not answer: ${error}`,
      remedy: 'Check address, credentials and network of the store.',
    }
  }
  const detail = `${name} answers in ${formatElapsed(latencyMs)}`
  if (latencyMs === null || latencyMs <= SLOW_STORE_MS) return ok('store', detail)
  return {
    name: 'store',
    status: 'warn',
    detail: `${detail}: every slot is late by a few of these`,
    remedy: 'Bring store and service closer together, or look for load.',
  }
}

function checkClock({ clockOffsetMs, latencyMs }: StoreFacts): DoctorCheck | null {
  if (clockOffsetMs === null) return null
  const apart = Math.abs(clockOffsetMs)
  const detail = `${formatElapsed(Math.round(apart))} ${clockOffsetMs < 0 ? 'behind' : 'ahead of'} this machine`
  if (apart <= LARGE_OFFSET_MS + (latencyMs ?? 0)) return ok('store clock', detail)
  return {
    name: 'store clock',
    status: 'warn',
    detail,
    remedy: "Synchronise both clocks (NTP). The store's clock decides when slots are due; this machine's logs disagree with it.",
  }
}

function checkKind({ store, production }: DoctorFacts): DoctorCheck {
  if (store.durable && store.shared) return ok('store kind', 'durable, shared between processes')
  const lacks = [store.durable ? '' : 'ends with its process', store.shared ? '' : 'is seen by one process only'].filter(
    (one) => one !== '',
  )
  return {
    name: 'store kind',
    status: production && !store.durable ? 'fail' : 'warn',
    detail: `the state of the ${store.name} store ${lacks.join(' and ')}`,
    remedy: 'For production use a Postgres or Redis store. Ask a running process with: health --url http://127.0.0.1:PORT/...',
  }
}

function checkProcesses({ health }: StateFacts): DoctorCheck | null {
  if (health.owners === null) return null
  if (health.owners > 0) return ok('processes', `${formatCount(health.owners, 'live process', 'live processes')}`)
  const overdue = health.jobs.some((job) => job.overdueMs > OVERDUE_MS)
  return {
    name: 'processes',
    status: overdue ? 'fail' : 'warn',
    detail: 'no process works: nothing fires',
    remedy: 'Start the service; scheduler.start() must be called in it.',
  }
}

function checkWorkers({ health }: StateFacts): DoctorCheck | null {
  // Without any process the check above says it once for all.
  if (health.owners === 0) return null
  const idle = health.jobs.filter((job) => job.capableOwners === 0 && job.suspended === null)
  if (idle.length === 0) return ok('workers', 'each job is known to a live process')
  return {
    name: 'workers',
    status: idle.some((job) => job.overdueMs > OVERDUE_MS) ? 'fail' : 'warn',
    detail: `no live process executes ${named(idle.map((job) => job.job))}`,
    remedy: 'Deploy the code that defines the job, or include it in start({ only }) of some process.',
  }
}

function checkUnknown({ jobs, program }: DoctorFacts, { keptJobs, schedulesSeen, complete }: StateFacts): DoctorCheck {
  const unknown = keptJobs.filter((job) => !jobs.includes(job))
  const scope = complete ? '' : ` (the first ${schedulesSeen} schedules were looked at)`
  if (unknown.length === 0) return ok('unknown jobs', `none in the store${scope}`)
  return {
    name: 'unknown jobs',
    status: 'warn',
    detail: `the store holds ${named(unknown)}, which this code does not define${scope}`,
    remedy: `If the job left the code for good: ${program} retire ${unknown[0]}`,
  }
}

function checkQuarantined({ quarantined }: StateFacts): DoctorCheck {
  if (quarantined.length === 0) return ok('quarantine', 'no schedule')
  return {
    name: 'quarantine',
    status: 'fail',
    detail: `${named(quarantined)} could not be understood and no longer fires`,
    remedy: 'Set the schedule again, or deploy the version that wrote it. "audit" gives the reason.',
  }
}

function checkOverdue({ health }: StateFacts): DoctorCheck {
  const overdue = health.jobs.filter((job) => job.overdueMs > OVERDUE_MS && job.suspended === null)
  if (overdue.length === 0) return ok('overdue', 'nothing')
  const worst = Math.max(...overdue.map((job) => job.overdueMs))
  return {
    name: 'overdue',
    status: 'warn',
    detail: `${named(overdue.map((job) => job.job))}, the oldest for ${formatElapsed(worst)}`,
    remedy: 'Start a process, raise its concurrency, or look for stuck and long runs with: runs --state running',
  }
}

/** What several rollups say of one source is said once. A rollup that does not tell has no line. */
function checkSources(sources: readonly SourceFacts[]): readonly DoctorCheck[] {
  const unknown = sources.flatMap(({ rollup, error }): readonly DoctorCheck[] =>
    error === null
      ? []
      : [
          {
            name: 'source',
            status: 'warn',
            detail: `of ${rollup} could not be looked at: ${error}`,
            remedy: "Check the rollup's client, and the privileges of its user.",
          },
        ],
  )
  const said = new Map<string, { readonly finding: DoctorCheck; readonly rollups: string[] }>()
  for (const { rollup, findings } of sources) {
    for (const finding of findings.filter(({ status }) => status !== 'ok')) {
      const known = said.get(finding.detail)
      if (known === undefined) said.set(finding.detail, { finding, rollups: [rollup] })
      else known.rollups.push(rollup)
    }
  }
  const found = [...said.values()].map(({ finding, rollups }) => ({
    ...finding,
    name: 'source',
    detail: `of ${named(rollups)}: ${finding.detail}`,
  }))
  const sound = sources.filter(({ findings }) => findings.length > 0 && findings.every(({ status }) => status === 'ok'))
  return [
    ...unknown,
    ...found,
    ...(sound.length === 0 ? [] : [ok('source', `of ${named(sound.map(({ rollup }) => rollup))}: nothing to mend`)]),
  ]
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ')
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown
}
