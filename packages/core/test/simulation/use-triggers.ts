/** Users who trigger jobs, and remember what they were told. */
import type { RunHandle, TriggerOptions } from '../../src/job/trigger-options.ts'
import { track } from './replica.ts'
import type { Replica, World } from './world.ts'

/** Numbers in payloads are unique within a world. */
const numbers = new WeakMap<World, number>()

/** Triggers a random job `count` times at once, through one replica. */
export function fireTriggers(world: World, replica: Replica | null, count: number): void {
  if (replica === null) return
  const dice = world.dice.actions
  const plans = world.swarm.plans.filter((plan) => plan.triggered !== undefined && replica.jobs.has(plan.name))
  if (plans.length === 0) return
  const plan = dice.pick(plans)
  const { keys, idempotent, delayed, skipWhenBusy } = plan.triggered ?? { keys: [''] }
  const job = replica.jobs.get(plan.name)
  if (job === undefined) return
  const { process, scheduler } = replica
  const key = dice.pick(keys)
  for (let index = 0; index < count; index++) {
    const number = (numbers.get(world) ?? 0) + 1
    numbers.set(world, number)
    const options: TriggerOptions<number[]> = {
      key: count > 5 && dice.chance(0.2) ? dice.pick(keys) : key,
      ...(idempotent === true && dice.chance(0.4)
        ? { idempotencyKey: `order-${dice.int(1, 8)}`, idempotencyTtl: dice.pick(['20s', '5m']) }
        : {}),
      ...(delayed === true && dice.chance(0.3) ? { delay: dice.int(100, 20_000) } : {}),
      ...(delayed === true && dice.chance(0.2) ? { priority: dice.int(-3, 3) } : {}),
      ...(skipWhenBusy === true && dice.chance(0.5) ? { overlap: 'skip' as const } : {}),
    }
    const calledSequence = world.nextSequence()
    const what = `trigger ${number} of ${plan.name}/${options.key}`
    world.history.note(process.name, () => what)
    track(replica, scheduler.trigger(job, plan.merges === true ? [number] : undefined, options as never)).then(
      (handle) => {
        const { id, outcome } = handle
        if (dice.chance(0.3)) awaitEnd(world, replica, handle)
        world.history.note(process.name, () => `${what}: ${outcome} ${id}`)
        const accepted = {
          job: plan.name,
          key: options.key ?? '',
          number,
          merges: plan.merges === true,
          calledSequence,
          outcome,
          runId: id,
        }
        world.triggers.accepted(accepted)
      },
      (error: unknown) => world.history.note(process.name, () => `${what}: ${String(error)}`),
    )
  }
}

/** `finished()` speaks only of what is committed. */
function awaitEnd(world: World, replica: Replica, handle: RunHandle): void {
  const judge = async (says: string): Promise<void> => {
    const { runs } = await world.store.runs.get({ ids: [handle.id] })
    const state = runs[0]?.state ?? says
    if (state !== says)
      world.history.violate('finished-after-commit', `finished() of run ${handle.id} says ${says}, in the store it is ${state}`)
  }
  track(replica, handle.finished({ timeout: '30s' })).then(
    () => judge('succeeded'),
    (error: { readonly code?: string }) => (error.code === 'RunFailed' ? judge('dead') : undefined),
  )
}
