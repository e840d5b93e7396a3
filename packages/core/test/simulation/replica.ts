/** Replicas: how they are deployed, started, stopped and lost. */
import { seededRandom } from '../../src/random/random.ts'
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
export function jobsOf(subject: Subject, swarm: Swarm, version: number, run: (plan: JobPlan) => (ctx: never) => unknown): readonly Job<number[] | undefined, unknown>[] {
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
  const { swarm, subject, timeline, storeTime } = world
  const number = world.replicas.length + 1
  const dice = world.dice.actions
  const process = createSimProcess({
    name: `p${number}v${version}`,
    timeline,
    // Clocks of machines differ by some seconds, and run a little fast or slow.
    wallAt: storeTime.now() - timeline.now + dice.int(-5_000, 5_000),
    rate: dice.pick([1, 1, 1.0001, 0.9999]),
  })
  const store = createFaultyStore(world.store, process, world.wire)
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
  const replica: Replica = { process, version, scheduler, store, jobs: new Map(jobs.map((job) => [job.name, job])), phase: 'starting', pending: 0, lastCalls: new Map() }
  world.replicas.push(replica)
  world.history.note(process.name, () => `START version ${version}`)
  scheduler.start().then(
    () => {
      replica.phase = 'started'
      world.history.note(process.name, () => 'STARTED')
    },
    (error: unknown) => {
      world.history.note(process.name, () => `start failed: ${String(error)}`)
      process.kill()
      replica.phase = 'gone'
      timeline.after(dice.int(500, 5_000), () => {
        if (world.open) startReplica(world, version)
      })
    },
  )
  return replica
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
  const beganAt = timeline.now
  const boundMs = graceMs + swarm.abortGraceMs + 12 * (swarm.storeTimeoutMs + 5_000)
  let pausedMs = 0
  replica.phase = 'stopping'
  history.note(process.name, () => `STOP grace ${graceMs}`)
  const watch = timeline.after(boundMs, function check() {
    if (process.state === 'dead') return
    pausedMs = world.pausedMs(process)
    const left = beganAt + boundMs + pausedMs - timeline.now
    if (left > 0) return void timeline.after(left, check)
    history.violate('stop-bounded', `${process.name} did not stop within ${boundMs} ms`)
  })
  scheduler.stop({ grace: graceMs }).then(
    ({ stuck }) => {
      timeline.cancel(watch)
      history.note(process.name, () => `STOPPED ${stuck.length > 0 ? `stuck: ${stuck.join(', ')}` : ''}`)
      // The process would end here; it is kept for the longest call, to see that nothing goes on.
      timeline.after(swarm.storeTimeoutMs + 1_000, () => {
        if (process.state === 'running' && stuck.length === 0 && replica.pending === 0 && process.timers > 0) {
          history.violate('no-leak', `${process.name} stopped, and ${process.timers} timers are still set`)
        }
        process.kill()
        replica.phase = 'gone'
      })
    },
    (error: unknown) => {
      timeline.cancel(watch)
      history.violate('stop-bounded', `${process.name}: stop() failed: ${String(error)}`)
      process.kill()
      replica.phase = 'gone'
    },
  )
}
