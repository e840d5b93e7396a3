/** The clean end of a process: bounded, burning no attempt, naming what would not stop. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { waitForHint, type Clock } from '../time/clock.ts'
import { drop, type AdoptDeps } from './adopt.ts'
import type { Holdings } from './holdings.ts'
import type { Logger } from '../observe/logger.ts'
import type { StoreLink } from './store-link.ts'

export interface DrainDeps {
  readonly clock: Clock
  readonly holdings: Holdings
  readonly giveBack: Pick<AdoptDeps, 'holdings' | 'settler' | 'logger'>
  readonly graceMs: number
  readonly abortGraceMs: number
}

/** Gives back what did not begin, waits for the rest, aborts it after the grace. Answers the ids of stuck runs. */
export async function drain(deps: DrainDeps): Promise<readonly string[]> {
  const { clock, holdings } = deps
  const givenBack = [...holdings.all()].filter((one) => one.phase === 'queued').map((one) => drop(one, deps.giveBack))
  await waitUntilIdle(deps, deps.graceMs)
  for (const one of holdings.all()) {
    if (one.phase === 'started')
      one.abort.abort(new QuarterjackError('SchedulerStopped', 'the scheduler stops; the run is given back and starts again elsewhere.'))
  }
  // A handler has its abort grace; the settlement of what it leaves needs a moment more.
  await waitUntilIdle(deps, deps.abortGraceMs + 1_000)
  await waitForHint(
    clock,
    1_000,
    Promise.all(givenBack).then(() => undefined),
  )
  return [...holdings.all()].filter((one) => one.stuck || one.phase === 'started').map((one) => one.record.id)
}

async function waitUntilIdle({ clock, holdings }: DrainDeps, ms: number): Promise<void> {
  const until = clock.monotonic() + ms
  const busy = (): boolean => [...holdings.all()].some((one) => one.phase !== 'stuck')
  while (busy() && clock.monotonic() < until) await holdings.changeWithin(clock, until - clock.monotonic())
}

/** Tells the store that the owner goes. When it does not answer, the lease ends by itself. */
export async function leave({ link, owner, logger }: { link: StoreLink; owner: string; logger: Logger }): Promise<void> {
  try {
    await link.call('runs.leave', (store) => store.runs.leave({ owner }))
  } catch (error) {
    logger.warn({ err: error }, 'the store did not answer at the end; the lease ends by itself')
  }
}
