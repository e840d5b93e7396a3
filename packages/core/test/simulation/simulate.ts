/** One seed, from chaos to judgement. */
import type { JobPolicy } from '../../src/job/job.ts'
import type { Store } from '../../src/store/store.ts'
import { startChaos } from './chaos.ts'
import { createDice } from './dice.ts'
import type { Commit, Wire } from './faulty-store.ts'
import { checkTheEnd, everyRun } from './final-checks.ts'
import { createHistory, type Violation } from './history.ts'
import { createDefinitionsModel } from './model/definitions.ts'
import { createFencesModel } from './model/fences.ts'
import { createLeasesModel } from './model/leases.ts'
import { createOwnersModel } from './model/owners.ts'
import { createRateModel } from './model/rates.ts'
import { createRunsModel } from './model/runs.ts'
import { createSchedulesModel } from './model/schedules.ts'
import { createSuspensionsModel } from './model/suspensions.ts'
import { createTriggersModel } from './model/triggers.ts'
import { createOracle } from './oracle.ts'
import { crashReplica, jobsOf } from './replica.ts'
import { createStoreTime } from './store-time.ts'
import { probe, recover, stopAll, watchCalm } from './stable-phase.ts'
import type { Subject } from './subject.ts'
import { CALM, drawSwarm } from './swarm.ts'
import { createTimeline } from './timeline.ts'
import type { World } from './world.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly subject: Subject
  /** Gets the history, line by line. */
  readonly trace?: (line: string) => void
  /** Puts a misbehaving store in the place of the real one. */
  readonly spoil?: (store: Store) => Store
}

export interface SimulationResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  /** Fake seconds, events, slots with a record, executions of handlers, triggers that were accepted. */
  readonly seconds: number
  readonly events: number
  readonly slots: number
  readonly executions: number
  readonly triggers: number
  readonly replicas: number
}

/** After these the store's schedules may look different. */
const TOUCHES_SCHEDULES: ReadonlySet<string> = new Set([
  'schedules.register',
  'schedules.set',
  'schedules.remove',
  'schedules.fire',
  'schedules.retire',
  'schedules.quarantine',
])

/** How often trust is judged; the engine's own margin is at least a tenth of the shortest lease. */
const TRUST_LOOK_MS = 331

/** Runs the simulation of one seed. The first violation ends it. Never rejects for a fault of the subject. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, subject } = options
  const swarm = drawSwarm(seed)
  const timeline = createTimeline()
  const history = createHistory(() => timeline.now, options.trace ?? null)
  const storeTime = createStoreTime(timeline, swarm.startAt)
  const memory = subject.memoryStore({ clock: storeTime.clock })
  const store = options.spoil === undefined ? memory : options.spoil(memory)
  const policies = new Map(
    jobsOf(subject, swarm, swarm.versions.length - 1, () => () => undefined).map(({ name, policy }) => [name, policy]),
  )
  let sequence = 0
  const nextSequence = (): number => ++sequence

  const definitions = createDefinitionsModel({ history, owners: () => owners })
  const suspensions = createSuspensionsModel()
  const owners = createOwnersModel(history)
  const fences = createFencesModel(history)
  const leases = createLeasesModel(fences)
  const rates = createRateModel({ history, storeTime, now: () => timeline.now, limitOf: (job) => policies.get(job)?.rateLimit ?? null })
  const runs = createRunsModel({
    history,
    owners,
    fences,
    now: () => timeline.now,
    sequence: nextSequence,
    retriesOf: (job) => policies.get(job)?.retry.retries ?? 0,
    isSuspended: suspensions.isSuspended,
  })
  const schedules = createSchedulesModel({
    history,
    policyOf: (job) => policyFacts(policies.get(job), swarm.leaseMs),
    isSuspended: suspensions.isSuspended,
    storeNow: storeTime.now,
  })
  const triggers = createTriggersModel({ history, runs })

  const wire: Wire = {
    faults: () => (world.calm ? CALM : swarm.faults),
    slowMs: swarm.leaseMs * 1.5,
    cut(process) {
      if (world.calm) return null
      const cut = [world.outage, world.cuts.get(process)].find((one) => one !== undefined && timeline.now < one.until)
      return cut?.losesRequests ?? null
    },
    dice: createDice(seed, 'wire'),
    isShared: seed % 2 === 1,
    timeline,
    storeNow: storeTime.now,
    async before(verb) {
      if (verb === 'runs.prune') runs.see(await everyRun(world))
    },
    committed,
    delivered(process, verb, reply) {
      if (verb === 'schedules.due') schedules.due(process.name, (reply as { storeNow: number }).storeNow)
    },
  }

  async function committed(commit: Commit): Promise<void> {
    const { process, verb, request, reply } = commit
    history.note(
      process.name,
      () =>
        `${verb} ${brief(request)} → ${brief(reply)}${commit.askedAt === timeline.now ? '' : ` (asked ${((timeline.now - commit.askedAt) / 1_000).toFixed(3)} s ago)`}`,
    )
    world.replicas.find((one) => one.process === process)?.lastCalls.set(verb, timeline.now)
    leases.take(commit)
    runs.take(commit)
    rates.take(commit)
    owners.take(commit)
    definitions.take(commit)
    schedules.take(commit)
    triggers.take(commit)
    suspensions.take(commit)
    if (TOUCHES_SCHEDULES.has(verb)) schedules.look((await store.schedules.list({ limit: 1_000 })).schedules)
    const ambush = world.ambushes.get(process)
    if (ambush?.verb === verb && !world.calm) {
      world.ambushes.delete(process)
      ambush.strike()
    }
    if (verb === 'runs.prune') {
      const kept = new Set((await everyRun(world)).map(({ id }) => id))
      const pruned = [...runs.all()].filter((run) => !run.pruned && !kept.has(run.id)).map(({ id }) => id)
      runs.prune(pruned)
      triggers.prune(pruned)
    }
  }

  const world: World = {
    swarm,
    subject,
    timeline,
    history,
    storeTime,
    store,
    wire,
    dice: { actions: createDice(seed, 'actions'), handlers: createDice(seed, 'handlers') },
    owners,
    leases,
    runs,
    schedules,
    triggers,
    oracle: createOracle({
      history,
      now: () => timeline.now,
      sequence: nextSequence,
      storeTime,
      abortGraceMs: swarm.abortGraceMs,
      leaseMs: swarm.leaseMs,
    }),
    policies,
    replicas: [],
    client: null,
    calm: false,
    probing: false,
    cuts: new Map(),
    outage: { until: 0, losesRequests: 1 },
    suspended: suspensions.suspended,
    ambushes: new Map(),
    open: true,
    nextSequence,
    crash: (process) => crashReplica(world, process),
    limitOf: (gate) => highestLimit(gate, swarm, subject),
  }

  const isOver = (): boolean => history.violations.length > 0
  const advance = (ms: number): Promise<void> => timeline.advance(timeline.now + ms, isOver)
  const onUnhandled = (reason: unknown): void => history.violate('unhandled-rejection', String((reason as Error)?.stack ?? reason))
  process.on('unhandledRejection', onUnhandled)
  let slots = 0
  try {
    startChaos(world)
    const look = (): void => {
      world.oracle.judgeTrust()
      timeline.after(TRUST_LOOK_MS, look)
    }
    look()
    await advance(swarm.chaosMs)
    for (const step of [recover, probe, watchCalm, stopAll]) {
      if (!isOver()) await step(world, advance)
    }
    if (!isOver()) slots = (await checkTheEnd(world)).slots
  } catch (error) {
    history.violate('alive', String((error as Error).stack))
  } finally {
    process.off('unhandledRejection', onUnhandled)
  }
  return {
    seed,
    violations: history.violations,
    seconds: Math.round(timeline.now / 1_000),
    events: timeline.happened,
    slots,
    executions: world.oracle.executions.length,
    triggers: triggers.count,
    replicas: world.replicas.length,
  }
}

function policyFacts(policy: JobPolicy | undefined, leaseMs: number): { catchUp: JobPolicy['catchUp']; misfireAfterMs: number } | null {
  if (policy === undefined) return null
  return { catchUp: policy.catchUp, misfireAfterMs: policy.misfireAfterMs ?? leaseMs + 5_000 }
}

/** Over all versions: runs that began under a higher limit may still run under a lower one. */
function highestLimit(gate: string, swarm: World['swarm'], subject: Subject): number {
  if (!gate.startsWith('job:')) return 1
  const plan = swarm.plans.find(({ name }) => gate === `job:${name}`)
  if (plan === undefined) return 1
  const limits = swarm.versions.map(
    (version) => plan.options(subject, version[plan.name] ?? 0, swarm.startAt).concurrency ?? Number.POSITIVE_INFINITY,
  )
  return Math.max(...limits)
}

function brief(value: unknown): string {
  const text =
    JSON.stringify(value, (_, member: unknown) =>
      typeof member === 'string' && member.length > 60 ? `${member.slice(0, 60)}…` : member,
    ) ?? '-'
  return text.length > 700 ? `${text.slice(0, 700)}…` : text
}
