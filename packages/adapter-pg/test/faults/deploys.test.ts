/** Two versions of a service side by side: other jobs, and a changed schedule; then the old one goes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { judge } from '@quarterjack/fault-kit/judge'
import { until } from '@quarterjack/fault-kit/poll'
import { isFull, MOST_MS } from '@quarterjack/fault-kit/tier'
import type { JobPlan } from '@quarterjack/fault-kit/worker-plan'
import { expect, it, vi } from 'vitest'
import { startPostgres } from '../servers/postgres.ts'
import { createPgSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

const LASTS_MS = isFull ? 20_000 : 1_500
const OLD: readonly JobPlan[] = [
  { name: 'shared', every: ['400ms'], catchUp: { all: true } },
  { name: 'only-old', every: ['500ms'] },
]
const NEW: readonly JobPlan[] = [
  { name: 'shared', every: ['700ms'], catchUp: { all: true } },
  { name: 'only-new', every: ['500ms'] },
]

it('no ping-pong: the change is made once, what the old schedule owed is superseded, and nobody touches what it does not know', async () => {
  await using server = await startPostgres({ durable: true })
  await using site = await createPgSite(server, OLD)
  const generations = async (): Promise<readonly unknown[]> =>
    site.query(
      `select j.generation as job, s.generation as schedule from quarterjack.jobs j join quarterjack.schedules s on s.job_id = j.id where j.name = 'shared'`,
    )

  const old = await site.start(['old-1', 'old-2'], { jobs: OLD })
  await until('slots of the old version', async () => (await site.effects.all()).length > 4)
  // They stand still, so that slots are owed when the change comes.
  const frozenAt = await site.effects.now()
  for (const worker of old) worker.freeze()
  await sleep(1_000)
  await site.start(['new-1'], { jobs: NEW })
  for (const worker of old) worker.thaw()
  expect(await generations()).toEqual([{ job: 2, schedule: 2 }])
  const changedAt = await site.effects.now()
  await sleep(LASTS_MS)
  // A process of the old version that starts again in the middle of it.
  await site.stop('old-2')
  await site.start(['old-3'], { jobs: OLD })
  await sleep(LASTS_MS)
  expect(await generations()).toEqual([{ job: 2, schedule: 2 }])

  const since = (await site.effects.all()).filter(({ startedAt }) => startedAt > changedAt)
  // What a process had in hand when it froze is executed again where its lease ended meanwhile: that slot had been fired.
  expect(since.filter(({ job, slot }) => job === 'shared' && Number(slot) > frozenAt && Number(slot) % 700 !== 0)).toEqual([])
  const by = (name: string): ReadonlySet<string> => new Set(since.filter(({ job }) => job === name).map(({ worker }) => worker.slice(0, 3)))
  expect([by('only-old'), by('only-new')]).toEqual([new Set(['old']), new Set(['new'])])

  // The old version goes.
  await Promise.all([site.stop('old-1'), site.stop('old-3')])
  const goneAt = await site.effects.now()
  const waiting = await site.trigger('only-old')
  await sleep(LASTS_MS)
  expect(await site.scheduler.runs.get(waiting)).toMatchObject({ state: 'pending', attempt: 0 })
  const after = (await site.effects.all()).filter(({ startedAt }) => startedAt > goneAt)
  expect(new Set(after.map(({ job }) => job))).toEqual(new Set(['shared', 'only-new']))
  expect(await generations()).toEqual([{ job: 2, schedule: 2 }])

  // It is executed as soon as somebody knows it again; the schedule stays the new one's.
  await site.start(['old-4'], { jobs: OLD })
  await site.effectOf(waiting)
  expect(await generations()).toEqual([{ job: 2, schedule: 2 }])
  const { slots, runs, repeated } = await judge(site, { promised: [waiting], hasNewSchedules: true, repeated: 'any' })
  // Where it took so long that a lease ended: only what was under way in a frozen process.
  expect(repeated.filter(({ startedAt }) => startedAt > frozenAt + 500)).toEqual([])
  const superseded = await site.query<{ count: number }>(`select count::int from quarterjack.skips where reason = 'superseded'`)
  expect(superseded).toHaveLength(1)
  figure('two versions side by side', { 'superseded slots': superseded[0]!.count, slots, runs: runs.length })
})
