/** What simulated handlers do: everything that handlers in the wild do, and they write it down. */
import type { RunContext } from '../../src/job/job.ts'
import type { JobPolicy } from '../../src/job/job.ts'
import { sleep } from '../../src/time/clock.ts'
import { gatesOf } from '../../src/trigger/gates-of.ts'
import type { Behaviour, JobPlan } from './job-plans.ts'
import { abortCode, judgeStart } from './oracle.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

/** The handler of a plan's job on one process. */
export function handlerOf(plan: JobPlan, process: SimProcess, world: World): (ctx: RunContext) => Promise<unknown> {
  return async (ctx) => {
    const { oracle, history } = world
    judgeStart(ctx, process, { ...world, executions: oracle.executions })
    const policy = world.policies.get(plan.name) as JobPolicy
    const claim = world.runs.claim(ctx.runId, ctx.fence)
    const owner = String(claim?.record.owner)
    const execution = oracle.begin({
      runId: ctx.runId,
      job: ctx.job,
      key: ctx.key,
      fence: ctx.fence,
      attempt: ctx.attempt,
      process,
      heldSince: claim?.at ?? 0,
      isLeaseOver: () => world.owners.isOver(owner, world.storeTime.now()),
      isLeaseSurelyOver: () => world.owners.isSurelyOver(owner, world.storeTime.now()),
      gates: gatesOf(policy, ctx.key).map((name) => ({ name, limit: world.limitOf(name) })),
      numbers: Array.isArray(ctx.payload) ? (ctx.payload as number[]) : [],
      signal: ctx.signal,
      releasedWhenStuck: policy.onStuck === 'release',
    })
    const behaviour = chooseBehaviour(plan, ctx, world)
    const about = (): string => `${ctx.job}${ctx.key === '' ? '' : `/${ctx.key}`} ${ctx.runId} attempt ${ctx.attempt}`
    history.note(process.name, () => `  begin ${about()} fence ${ctx.fence} (${behaviour})`)
    try {
      return await behave(behaviour, ctx, process, world)
    } finally {
      oracle.end(execution)
      history.note(process.name, () => `  end ${about()} ${abortCode(ctx.signal) ?? ''}`)
    }
  }
}

function chooseBehaviour(plan: JobPlan, ctx: RunContext, world: World): Behaviour {
  if (plan.name === 'probe') {
    const isFirst = world.oracle.executions.filter(({ runId }) => runId === ctx.runId).length === 1
    return world.probing && isFirst ? 'endless' : 'quick'
  }
  return world.calm ? 'quick' : (world.dice.handlers.weighted(plan.behaviours) ?? 'quick')
}

async function behave(behaviour: Behaviour, ctx: RunContext, process: SimProcess, world: World): Promise<unknown> {
  const { swarm, subject } = world
  const dice = world.dice.handlers
  const clock = process.handlerClock
  const pass = (ms: number): Promise<void> => sleep(clock, ms, ctx.signal)
  if (dice.chance(0.2)) ctx.progress({ at: clock.now() })
  switch (behaviour) {
    case 'quick':
      if (dice.chance(0.7)) await pass(dice.int(0, 100))
      return ctx.attempt
    case 'work':
      await pass(dice.int(200, 4_000))
      return { done: true }
    case 'long':
      await pass(swarm.leaseMs * (0.4 + dice.random() * 2))
      return 'long'
    case 'endless':
      return pass(1_000_000)
    case 'deaf':
      // Finishes its work whatever is asked of it.
      await sleep(clock, dice.int(500, 9_000))
      return 'deaf'
    case 'stuck':
      await sleep(clock, 8_000 + swarm.abortGraceMs * 3 + dice.int(0, 20_000))
      return 'stuck'
    case 'fail':
      await pass(dice.int(0, 500))
      throw new Error('failed')
    case 'typeError':
      throw new TypeError('undefined is not a function')
    case 'fatal':
      throw new subject.NonRetryableError('no use')
    case 'later':
      throw new subject.RetryAfterError('busy', dice.int(0, 3_000))
    case 'skip':
      return ctx.skip('nothing to do')
    case 'crash':
      await pass(dice.int(0, 300))
      world.crash(process)
      return pass(1_000_000)
  }
}
