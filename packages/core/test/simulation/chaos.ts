/** What happens to the replicas and what users do, drawn one action after another. */
import type { StoreHint } from '../../src/store/store.ts'
import type { Dice } from './dice.ts'
import { crashReplica, startClient, startReplica, stopReplica, tickOnce, track } from './replica.ts'
import type { Action } from './swarm.ts'
import { useLock } from './use-lock.ts'
import { fireTriggers } from './use-triggers.ts'
import { alive, running, type Replica, type World } from './world.ts'

/** The version that deployments are at. */
interface Deployment {
  version: number
}

export function startChaos(world: World): void {
  const { swarm, timeline } = world
  const dice = world.dice.actions
  const deployment: Deployment = { version: 0 }
  world.client = startClient(world)
  for (let count = 0; count < swarm.processes; count++)
    timeline.after(dice.int(0, 2_000), () => void startReplica(world, deployment.version))
  const next = (): void => {
    timeline.after(dice.exponential(swarm.meanActionMs), () => {
      if (timeline.now >= swarm.chaosMs || !world.open) return
      const action = dice.weighted(swarm.actions)
      if (action !== null) act(action, world, dice, deployment)
      next()
    })
  }
  next()
}

function act(action: Action, world: World, dice: Dice, deployment: Deployment): void {
  const { swarm, timeline, history } = world
  const here = alive(world)
  const working = running(world)
  const some = working.length === 0 ? null : dice.pick(working)
  const note = (what: string): void => history.note('chaos', () => what)
  switch (action) {
    case 'trigger':
      return fireTriggers(world, dice.chance(0.2) ? world.client : some, 1)
    case 'burst':
      return fireTriggers(world, dice.chance(0.2) ? world.client : some, dice.int(3, 25))
    case 'crash':
      if (some !== null) atSomeMoment(world, dice, some, () => crashReplica(world, some.process))
      return
    case 'start':
      if (here.length < swarm.processes) startReplica(world, deployment.version)
      return
    case 'stop':
      if (some !== null) stopReplica(world, some, dice.pick([0, 500, 3_000, 10_000]))
      return
    case 'pause':
      return pause(world, dice, here)
    case 'jump': {
      const ms = dice.pick([-3_600_000, -10_000, -500, 700, 10_000, 7_200_000])
      note(`wall clock of ${some?.process.name} jumps by ${ms} ms`)
      return some?.process.jump(ms)
    }
    case 'stepStore': {
      const ms = dice.pick([-2_000, -400, -30, 30, 400, 2_000])
      note(`store clock steps by ${ms} ms`)
      return world.storeTime.step(ms)
    }
    case 'cut': {
      if (here.length === 0) return
      const ms = dice.random() * 2.5 * swarm.leaseMs
      const victim = dice.pick(world.client === null ? here : [...here, world.client]).process
      note(`${victim.name} is cut off for ${Math.round(ms)} ms`)
      return void world.cuts.set(victim, { until: timeline.now + ms, losesRequests: dice.pick([1, 1, 0.5, 0]) })
    }
    case 'outage': {
      const ms = dice.random() * 2 * swarm.leaseMs
      note(`the store is out for ${Math.round(ms)} ms`)
      world.outage = { until: timeline.now + ms, losesRequests: dice.pick([1, 1, 0.5]) }
      return
    }
    case 'redeploy':
      return redeploy(world, dice, deployment)
    case 'hint':
      return some?.hint(
        dice.pick<StoreHint>([{ kind: 'work' }, { kind: 'cancel', owner: ownerOf(world, some) }, { kind: 'lease', name: 'shared' }]),
      )
    case 'tick':
      return tickOnce(world, deployment.version)
    case 'lock':
      return useLock(world, some)
    default:
      return control(action, world, dice, some)
  }
}

/** The newest owner of a replica. */
function ownerOf(world: World, { process }: Replica): string {
  return [...world.owners.all()].findLast((owner) => owner.process === process.name)?.id ?? ''
}

/** Now, or at a moment that hurts: a call took effect, and its reply is under way. */
function atSomeMoment(world: World, dice: Dice, { process }: Replica, strike: () => void): void {
  const verb = dice.pick([null, 'runs.renew', 'runs.renew', 'runs.claim', 'schedules.fire', 'runs.settle'])
  if (verb === null) strike()
  else world.ambushes.set(process, { verb, strike })
}

function pause(world: World, dice: Dice, here: readonly Replica[]): void {
  if (here.length === 0) return
  const replica = dice.pick(here)
  const { process } = replica
  const ms = dice.random() * 2.2 * world.swarm.leaseMs
  const repliesFirst = dice.chance(0.5)
  atSomeMoment(world, dice, replica, () => {
    if (process.state !== 'running') return
    world.history.note(process.name, () => `PAUSE for ${Math.round(ms)} ms`)
    process.pause()
    world.timeline.after(ms, () => {
      world.history.note(process.name, () => 'RESUME')
      process.resume(repliesFirst)
    })
  })
}

/** Mostly forward, sometimes back; one replica after another. */
function redeploy(world: World, dice: Dice, deployment: Deployment): void {
  const { swarm, timeline } = world
  const last = swarm.versions.length - 1
  deployment.version = dice.chance(0.7) ? Math.min(last, deployment.version + 1) : dice.int(0, last)
  const { version } = deployment
  world.history.note('chaos', () => `deploying version ${version}`)
  let delay = 0
  for (const replica of running(world)) {
    if (dice.chance(0.15)) continue
    timeline.after(delay, () => {
      // When the faults end, a deployment stops where it is: the processes that are to recover stay.
      if (world.calm || replica.phase !== 'started' || replica.process.state !== 'running') return
      // New before old, or old before new.
      if (dice.chance(0.5)) startReplica(world, version)
      else
        timeline.after(
          dice.int(0, 4_000),
          () => void (!world.calm && alive(world).length < swarm.processes && startReplica(world, version)),
        )
      stopReplica(world, replica, dice.pick([0, 1_000, 5_000]))
    })
    delay += dice.int(0, 6_000)
  }
}

/** What users do by hand, through one replica; whether it worked they do not know. */
function control(action: Action, world: World, dice: Dice, some: Replica | null): void {
  if (some === null) return
  const { scheduler, jobs, process } = some
  const job = dice.pick([...jobs.keys()])
  const dynamic = world.swarm.plans.find((plan) => plan.dynamic !== undefined && jobs.has(plan.name))
  const key = dynamic === undefined ? null : dice.pick(dynamic.dynamic ?? [])
  const target = dynamic === undefined ? null : (jobs.get(dynamic.name) ?? null)
  const told = (what: string, promise: Promise<unknown>): void => {
    world.history.note(process.name, () => what)
    track(some, promise).then(
      (answer) => world.history.note(process.name, () => `${what}: ${JSON.stringify(answer)?.slice(0, 80)}`),
      (error: unknown) => world.history.note(process.name, () => `${what}: ${String(error)}`),
    )
  }
  switch (action) {
    case 'suspend':
      if (job !== 'probe') told(`suspend ${job}`, scheduler.suspend(job, 'simulated'))
      return
    case 'resume': {
      const [suspended] = world.suspended
      if (suspended !== undefined) told(`resume ${suspended}`, resumeTarget(some, suspended))
      return
    }
    case 'setSchedule': {
      if (target === null || key === null) return
      const { every } = world.subject
      const schedule = dice.chance(0.3)
        ? every(dice.pick(['9s', '21s']), { anchor: 'registration' })
        : every(dice.pick(['6s', '10s', '25s']))
      return told(`set ${target.name}/${key}`, scheduler.schedules.set(target, { key, schedule }))
    }
    case 'removeSchedule':
      if (target !== null && key !== null) told(`remove ${target.name}/${key}`, scheduler.schedules.remove(target, key))
      return
    case 'cancel': {
      const runs = [...world.runs.all()].filter(({ terminal }) => terminal === null)
      if (runs.length > 0) {
        const { id } = dice.pick(runs)
        told(`cancel ${id}`, scheduler.runs.cancel(id, 'simulated'))
      }
      return
    }
    case 'replay': {
      const runs = [...world.runs.all()].filter(({ terminal, pruned }) => terminal !== null && !pruned)
      if (runs.length > 0) {
        const { id } = dice.pick(runs)
        told(`replay ${id}`, scheduler.runs.replay(id))
      }
      return
    }
    default:
      return
  }
}

/** Resumes what `suspended` names: a job, or `job schedule`. */
export function resumeTarget({ scheduler }: Replica, suspended: string): Promise<boolean> {
  const [job, schedule] = suspended.split(' ')
  return scheduler.resume(job as string, schedule === undefined ? {} : { schedule })
}
