/** Replicas: how they are deployed, started, stopped and lost. */
import { seededRandom } from '../../src/random/random.ts'
import { OPEN_DEADLINE_MS } from '../../src/store/reach-store.ts'
import type { Job } from '../../src/job/job.ts'
import { handlerOf } from './behaviours.ts'
import { createFaultyStore } from './faulty-store.ts'
import type { JobPlan } from './job-plans.ts'
import { createSimProcess, type SimProcess } from './sim-process.ts'
import type { Subject } from './subject.ts'
import type { Swarm } from './swarm.ts'
import type { Replica, World } from './world.ts'

/** Takes any payload: what is tested is elsewhere. */
const ANY_PAYLOAD = { '~standard': { version: 1, vendor: 'simulation', validate: (value: unknown) => ({ value }) } } as const

/** The jobs of a deployed version. */
export function jobsOf(
  subject: Subject,
  swarm: Swarm,
  version: number,
  run: (plan: JobPlan) => (ctx: never) => unknown,
): readonly Job<number[] | undefined, unknown>[] {
  const variants = swarm.versions[version] ?? {}
  return swarm.plans.flatMap((plan) => {
    const variant = variants[plan.name]
    if (variant === undefined) return []
    const options = plan.options(subject, variant, swarm.startAt)
    return [subject.defineJob({ name: plan.name, payload: ANY_PAYLOAD, ...options, run: run(plan) } as never) as never]
  })
}

/** Deploys `version` as a new process and starts it; a start that fails is tried again, as an orchestrator would. */
export function startReplica(world: World, version: number): Replica {
  const replica = deploy(world, version, 'starting')
  const { process, scheduler } = replica
  world.history.note(process.name, () => `START version ${version}`)
  scheduler.start().then(
    () => {
      replica.phase = 'started'
      world.history.note(process.name, () => 'STARTED')
    },
    (error: unknown) => {
      world.history.note(process.name, () => `start failed: ${String(error)}`)
      end(replica)
      world.timeline.after(world.dice.actions.int(500, 5_000), () => {
        if (world.open) startReplica(world, version)
      })
    },
  )
  return replica
}

/** A process that only ever triggers and controls. */
export function startClient(world: World): Replica {
  return deploy(world, world.swarm.versions.length - 1, 'client')
}

/** A process that makes one bounded pass, and ends: a serverless host. */
export function tickOnce(world: World, version: number): void {
  const { swarm, history } = world
  const replica = deploy(world, version, 'ticking')
  const { process, scheduler } = replica
  const budgetMs = 3_000
  history.note(process.name, () => `TICK version ${version}`)
  const boundMs = budgetMs + swarm.abortGraceMs + SLOWEST_OPENING_MS + SLOWEST_CALLS * (swarm.storeTimeoutMs + 5_000)
  const inTime = watchBound(world, replica, boundMs, 'tick()')
  const over = (result: unknown) => (): void => {
    inTime()
    history.note(process.name, () => `TICKED ${JSON.stringify(result)}`)
    end(replica)
  }
  scheduler.tick({ limit: 5, budget: budgetMs, every: 0 }).then(
    (summary) => over(summary)(),
    (error: unknown) => over(String(error))(),
  )
}

function deploy(world: World, version: number, phase: Replica['phase']): Replica {
  const { swarm, subject, timeline, storeTime } = world
  const number = world.replicas.length + 1
  const dice = world.dice.actions
  const process = createSimProcess({
    name: phase === 'client' ? 'client' : `p${number}v${version}`,
    timeline,
    // Clocks of machines differ by some seconds, and run a little fast or slow.
    wallAt: storeTime.now() - timeline.now + dice.int(-5_000, 5_000),
    rate: dice.pick([1, 1, 1.0001, 0.9999]),
  })
  const { store, hint } = createFaultyStore(world.store, process, world.wire)
  const jobs = jobsOf(subject, swarm, version, (plan) => handlerOf(plan, process, world) as never)
  const scheduler = subject.createScheduler({
    store,
    jobs: jobs as never,
    logger: false,
    concurrency: swarm.concurrency,
    lease: swarm.leaseMs,
    storeTimeout: swarm.storeTimeoutMs,
    abortGrace: swarm.abortGraceMs,
    clock: process.clock,
    random: seededRandom(swarm.seed * 1_000 + number),
  })
  const byName = new Map(jobs.map((job) => [job.name, job]))
  const replica: Replica = { process, version, scheduler, store, hint, jobs: byName, phase, pending: 0, lastCalls: new Map() }
  world.replicas.push(replica)
  return replica
}

function end(replica: Replica): void {
  replica.process.kill()
  replica.phase = 'gone'
}

/** How many calls, one after another, a stop may wait for when none of them is answered. */
const SLOWEST_CALLS = 12
/** A store that never answers is opened five times, with the pauses between. */
const SLOWEST_OPENING_MS = 5 * (OPEN_DEADLINE_MS + 5_000)

/** A violation unless the answer is called in time; while the process is frozen, its time stands. */
function watchBound(world: World, { process }: Replica, boundMs: number, what: string): () => void {
  const { timeline, history } = world
  const until = timeline.now + boundMs - process.pausedMs
  let over = false
  const check = (): void => {
    if (over || process.state === 'dead') return
    const left = until + process.pausedMs - timeline.now
    if (left > 0) timeline.after(left, check)
    else history.violate('stop-bounded', `${process.name}: ${what} did not end within ${boundMs} ms`)
  }
  timeline.after(boundMs, check)
  return () => {
    over = true
  }
}

/** Counts a user's call while it is under way. */
export function track<T>(replica: Replica, promise: Promise<T>): Promise<T> {
  replica.pending++
  return promise.finally(() => {
    replica.pending--
  })
}

/** The process ends without a word. */
export function crashReplica(world: World, process: SimProcess): void {
  world.history.note(process.name, () => 'CRASH')
  process.kill()
  const replica = world.replicas.find((one) => one.process === process)
  if (replica !== undefined) replica.phase = 'gone'
}

/** A clean stop. It is bounded, leaves no timer behind, and the process ends. */
export function stopReplica(world: World, replica: Replica, graceMs: number): void {
  const { process, scheduler } = replica
  const { history, timeline, swarm } = world
  replica.phase = 'stopping'
  history.note(process.name, () => `STOP grace ${graceMs}`)
  const boundMs = graceMs + swarm.abortGraceMs + SLOWEST_CALLS * (swarm.storeTimeoutMs + 5_000)
  const inTime = watchBound(world, replica, boundMs, 'stop()')
  scheduler.stop({ grace: graceMs }).then(
    ({ stuck }) => {
      inTime()
      history.note(process.name, () => `STOPPED ${stuck.length > 0 ? `stuck: ${stuck.join(', ')}` : ''}`)
      // The process would end here; it is kept for the longest call and pause, to see that nothing goes on.
      timeline.after(swarm.storeTimeoutMs + 6_000, () => {
        if (process.state === 'running' && stuck.length === 0 && replica.pending === 0 && process.timers > 0) {
          history.violate('no-leak', `${process.name} stopped, and ${process.timers} timers are still set`)
        }
        end(replica)
      })
    },
    (error: unknown) => {
      inTime()
      history.violate('stop-bounded', `${process.name}: stop() failed: ${String(error)}`)
      end(replica)
    },
  )
}
