/** Two busy processes behind one line that is hurt and healed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Expected } from './judge.ts'
import type { Line } from './line.ts'
import type { Site } from './site.ts'
import type { JobPlan } from './worker-plan.ts'
import { workUnderLoad, type Outcome } from './work-under-load.ts'

/** Jobs of a site whose line is hurt. */
export const LINE_JOBS: readonly JobPlan[] = [
  { name: 'task' },
  { name: 'alone', concurrency: 1 },
  { name: 'tick', every: ['100ms', '500ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
]

/** Which line, what happens to it, and what may come of that. */
export interface Hurt {
  readonly line: Pick<Line, 'url' | 'heal'>
  happen(): Promise<void>
  readonly expected?: Expected
}

/** On a site with {@link LINE_JOBS}: it is hurt while both work; then both must work again, and the judge finds nothing. */
export function workOnLine(site: Site, { line, happen, expected = {} }: Hurt): Promise<Outcome> {
  const load = { names: ['a', 'b'], options: { storeUrl: line.url }, eachMs: { task: 20, alone: 250 }, expected }
  return workUnderLoad(site, load, async () => {
    await sleep(300)
    await happen()
    line.heal()
  })
}
