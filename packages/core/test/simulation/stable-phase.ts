/** After the chaos: the faults end, and everything must recover, be on time, take over and stop, within its bounds. */
import type { ScheduleRecord } from '../../src/store/records.ts'
import { crashReplica, startReplica, stopReplica } from './replica.ts'
import { resumeTarget } from './chaos.ts'
import { alive, running, type Replica, type World } from './world.ts'

/** The longest time between two looks of an idle process at the store. */
const SLOW_POLL_MS = 30_000

/** How late a slot may fire, or a promise be kept, when nothing is wrong. */
const SLACK_MS = 1_000

type Advance = (ms: number) => Promise<void>

/** Ends every fault, and brings at least two replicas of the final version up. */
export async function recover(world: World, advance: Advance): Promise<void> {
  const { swarm, history, timeline } = world
  history.note('calm', () => 'the faults end')
  world.calm = true
  world.cuts.clear()
  world.outage = { until: 0, losesRequests: 1 }
  for (const { process } of world.replicas) process.resume(false)
  const last = swarm.versions.length - 1
  const old = alive(world).filter(({ version }) => version !== last)
  const kept = swarm.mixedEnd ? old.slice(0, 1) : []
  for (const replica of old) {
    if (replica.phase === 'started' && !kept.includes(replica)) stopReplica(world, replica, 1_000)
  }
  const finals = alive(world).filter(({ version, phase }) => version === last && (phase === 'starting' || phase === 'started'))
  for (let count = finals.length; count < 2; count++) startReplica(world, last)
  await resumeAll(world, advance)
  // Leases of the lost end, suspects run one by one, stuck handlers return, backoffs pass, idle replicas look again.
  await advance(3 * swarm.leaseMs + 2 * SLOW_POLL_MS + 60_000)
  // What died in a row while others recovered may have been suspended meanwhile.
  await resumeAll(world, advance)
  await advance(30_000)
  history.note('calm', () => `stable since ${Math.round(timeline.now / 1_000)} s`)
}

async function resumeAll(world: World, advance: Advance): Promise<void> {
  for (let tries = 0; tries < 100 && world.suspended.size > 0 && world.history.violations.length === 0; tries++) {
    const [replica] = running(world)
    if (replica !== undefined) {
      for (const suspended of [...world.suspended]) resumeTarget(replica, suspended).catch(() => undefined)
    }
    await advance(1_000)
  }
}

/** A crash and a clean stop, each under a long run: both are taken over in time, the stop without burning an attempt. */
export async function probe(world: World, advance: Advance): Promise<void> {
  const { swarm, history } = world
  world.probing = true
  for (const end of ['crash', 'stop'] as const) {
    if (history.violations.length > 0) break
    const { runId, victim } = await startProbe(world, advance)
    if (victim === null) {
      history.violate('trigger-answered', `a trigger of the probe (${runId}) did not start within ${SLACK_MS} ms in calm`)
      break
    }
    startReplica(world, victim.version)
    await advance(3_000)
    if (end === 'crash') crashReplica(world, victim.process)
    else stopReplica(world, victim, 0)
    // Aborted handlers are given back at once; the process needs no longer than its abort grace.
    const within = SLACK_MS + (end === 'crash' ? swarm.leaseMs : 0)
    await advance(within)
    const attempts = world.oracle.executions.filter((one) => one.runId === runId)
    const last = attempts.at(-1)
    if (last === undefined || last.process === victim.process) {
      const others = running(world).map(({ process }) => process.name)
      history.violate(
        'takeover',
        `run ${runId} of ${victim.process.name} was not taken over within ${within} ms of its ${end} by ${others.join(', ')}`,
      )
    } else {
      const expected = end === 'crash' ? 2 : 1
      if (last.attempt !== expected)
        history.violate('clean-stop-burns-nothing', `after a ${end}, the probe goes on as attempt ${last.attempt}, not ${expected}`)
    }
    world.probing = false
    await advance(3.5 * swarm.leaseMs)
    world.probing = true
  }
  world.probing = false
}

async function startProbe(world: World, advance: Advance): Promise<{ runId: string; victim: Replica | null }> {
  const [client] = running(world).filter(({ jobs }) => jobs.has('probe'))
  if (client === undefined) return { runId: 'no replica runs', victim: null }
  let runId = 'not accepted'
  client.scheduler.trigger(client.jobs.get('probe') as never).then(
    ({ id }) => {
      runId = id
    },
    () => undefined,
  )
  await advance(SLACK_MS)
  const execution = world.oracle.active().find((one) => one.runId === runId)
  return { runId, victim: world.replicas.find(({ process }) => process === execution?.process) ?? null }
}

/** A while in which nothing is wrong: everyone works, everything is on time, no definition changes. */
export async function watchCalm(world: World, advance: Advance): Promise<void> {
  const { history, timeline, swarm } = world
  const beganAt = timeline.now
  const changes = world.schedules.changes
  world.schedules.judgeLateness(SLACK_MS)
  await advance(2.2 * SLOW_POLL_MS)
  if (history.violations.length > 0) return
  if (world.schedules.changes !== changes)
    history.violate('no-ping-pong', `definitions changed ${world.schedules.changes - changes} times in calm`)
  for (const { process, phase, lastCalls, scheduler } of alive(world)) {
    if (phase !== 'started') history.violate('alive', `${process.name} is still ${phase}`)
    if ((lastCalls.get('runs.renew') ?? 0) < beganAt) history.violate('alive', `${process.name} did not renew in calm`)
    const looked = Math.max(lastCalls.get('schedules.due') ?? 0, lastCalls.get('runs.claim') ?? 0)
    if (looked < beganAt) history.violate('alive', `${process.name} did not look for work in calm`)
    if (!scheduler.live()) history.violate('alive', `${process.name} says it is not live`)
    const most = 25 + 6 * swarm.concurrency
    if (process.timers > most) history.violate('no-leak', `${process.name} has ${process.timers} timers set`)
  }
  const { schedules } = await world.store.schedules.list({ limit: 1_000 })
  for (const record of schedules) judgeOverdue(record, world)
  for (const { process, scheduler } of running(world)) {
    let status: string | null = null
    scheduler.health().then(
      (snapshot) => {
        status = snapshot.store.reachable && snapshot.stuck.length === 0 && snapshot.owner !== null ? 'ok' : JSON.stringify(snapshot.why)
      },
      (error: unknown) => {
        status = String(error)
      },
    )
    await advance(200)
    if (status !== 'ok') history.violate('alive', `${process.name}: health in calm: ${status ?? 'no answer'}`)
  }
}

function judgeOverdue(record: ScheduleRecord, world: World): void {
  const knows = running(world).some(({ jobs }) => jobs.has(record.job))
  const late = record.nextDueAt === null ? 0 : world.storeTime.now() - record.nextDueAt
  if (record.quarantined !== null) world.history.violate('on-time', `${record.job}/${record.name} is quarantined: ${record.quarantined}`)
  if (knows && record.suspended === null && late > SLACK_MS)
    world.history.violate('on-time', `${record.job}/${record.name} is overdue by ${late} ms in calm`)
}

/** Everyone stops cleanly. */
export async function stopAll(world: World, advance: Advance): Promise<void> {
  world.open = false
  for (const replica of alive(world)) {
    if (replica.phase === 'started') stopReplica(world, replica, 5_000)
  }
  await advance(5_000 + world.swarm.abortGraceMs + world.swarm.storeTimeoutMs + 15_000)
  for (const { process, phase } of alive(world)) {
    if (phase !== 'gone' && phase !== 'client') world.history.violate('stop-bounded', `${process.name} is ${phase} at the end`)
  }
}
