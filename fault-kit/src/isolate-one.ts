/** One of two processes is behind a line that swallows. */
import { expect } from 'vitest'
import { judge } from './judge.ts'
import type { Direction, Line } from './line.ts'
import { until } from './poll.ts'
import type { Site, WorkerOptions } from './site.ts'
import type { JobPlan } from './worker-plan.ts'

/** Jobs of a site where this happens. */
export const ISOLATED_JOBS: readonly JobPlan[] = [{ name: 'long', workMs: [60_000, 50] }, { name: 'task' }]

/** How it is isolated. */
export interface Isolation<Options extends WorkerOptions> {
  readonly line: Pick<Line, 'url' | 'blackhole' | 'heal'>
  /** Default: both. */
  readonly swallowed?: Direction
  /** Of the process that is isolated, beside its line. */
  readonly options?: Options
}

/** How long it took since the line swallows. */
export interface Isolated {
  /** Until its run was started by the other one. */
  readonly takeoverMs: number
  /** Until its handler was told. */
  readonly toldMs: number
}

/** On a site with {@link ISOLATED_JOBS}: its run is taken over, its handler is told, and it works again by itself. */
export async function isolateOne<Options extends WorkerOptions>(
  site: Site<Options>,
  { line, swallowed, options }: Isolation<Options>,
): Promise<Isolated> {
  const [other] = await site.start(['other'])
  other!.freeze()
  const [deaf] = await site.start(['deaf'], { ...(options as Options), storeUrl: line.url })
  const id = await site.trigger('long')
  const first = await site.effectOf(id)
  other!.thaw()
  await until('the other one works', async () => (await other!.ask({ what: 'health' })).store.reachable)
  const cutAt = await site.effects.now()
  line.blackhole(...(swallowed === undefined ? [] : [swallowed]))
  const second = await site.effectOf(id, ({ attempt }) => attempt === 2)
  expect([first.worker, second.worker]).toEqual(['deaf', 'other'])
  expect(second.fence).toBeGreaterThan(first.fence)
  await until('its handler was told', async () => (await site.effectOf(id)).ending !== null)
  const told = await site.effectOf(id)
  expect(told.ending).toBe('LeaseLost')

  line.heal()
  await other!.stop()
  const work = await site.effectOf(await site.trigger('task'))
  expect(work.worker).toBe('deaf')
  await until('its health is fine', async () => (await deaf!.ask({ what: 'health' })).store.error === null)
  await judge(site, { promised: [id, work.runId] })
  return { takeoverMs: second.startedAt - cutAt, toldMs: Number(told.endedAt) - cutAt }
}
