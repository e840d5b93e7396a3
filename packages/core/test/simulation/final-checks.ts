/** What must hold when everything has ended. */
import { isTerminal } from '../../src/run/run-state.ts'
import type { RunRecord } from '../../src/store/records.ts'
import type { World } from './world.ts'

/** Reads the store itself: no process, no faults. */
export async function checkTheEnd(world: World): Promise<{ readonly slots: number }> {
  const { history, store, runs, storeTime } = world
  const records = await everyRun(world)
  runs.see(records)
  const suspended = (job: string): boolean => world.suspended.has(job)
  for (const { id, job, key, state, runAt, createdAt } of records) {
    if (isTerminal(state) || suspended(job)) continue
    // The schedules went on until the end: what they made last may still stand.
    const since = Math.max(runAt, createdAt)
    if (storeTime.now() - since > 60_000)
      history.violate('drained', `run ${id} of ${job}/${key} is ${state}, due since ${storeTime.now() - since} ms`)
  }
  const { gates } = await store.runs.gates({})
  for (const { gate, held, holders } of gates) {
    if (held !== 0 || holders !== 0) history.violate('drained', `${gate} is held ${held} times by ${holders} after everyone left`)
  }
  world.triggers.check(world.oracle.executions)
  const slots = world.schedules.check()
  await audit(world)
  await countSlots(world)
  return { slots }
}

/** Twice: the first one may fill in counts that were left open. */
async function audit(world: World): Promise<void> {
  for (const time of ['first', 'second']) {
    const { ok, complete, violations } = await world.subject.auditSchedules(world.store)
    if (ok && complete) continue
    for (const violation of violations.slice(0, 3)) world.history.violate('audit', `${time} audit: ${JSON.stringify(violation)}`)
    if (!complete) world.history.violate('audit', `${time} audit was not complete`)
  }
}

/** After the audit every count is known: `slots` = kept + folded + skipped, and = what brute force counts. */
async function countSlots(world: World): Promise<void> {
  const { schedules } = await world.store.schedules.list({ limit: 1_000 })
  for (const { job, name, slots, incarnation } of schedules) {
    const page = await world.store.schedules.ledger({ job, name, after: null, limit: 10_000 })
    const folded = Object.values(page.folded).reduce((sum, count) => sum + (count ?? 0), 0)
    const ours = page.runs.filter(({ id }) => world.schedules.made(incarnation, id))
    const kept = ours.length + page.skips.reduce((sum, { count }) => sum + (count ?? 0), 0)
    if (slots !== kept + folded) world.history.violate('counters', `${job}/${name}: ${slots} slots, but ${kept} kept and ${folded} folded`)
    const counted = world.schedules.slotsOf(incarnation)
    if (slots !== counted) world.history.violate('counters', `${job}/${name}: ${slots} slots, brute force counts ${counted}`)
  }
}

/** Every run that the store keeps. */
export async function everyRun(world: World): Promise<readonly RunRecord[]> {
  const found: RunRecord[] = []
  for (let after: string | undefined; ; after = found.at(-1)?.id) {
    const { runs } = await world.store.runs.find({ limit: 1_000, after })
    found.push(...runs)
    if (runs.length < 1_000) return found
  }
}
