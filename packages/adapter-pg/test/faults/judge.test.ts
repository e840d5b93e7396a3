/** The judge itself: it must find what it is there for. */
import { judge } from '@quarterjack/fault-kit/judge'
import { until } from '@quarterjack/fault-kit/poll'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { createPgSite, type PgSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

let server: PostgresServer
let site: PgSite
beforeAll(async () => {
  server = await startPostgres()
  site = await createPgSite(server, [
    { name: 'tick', every: ['200ms'] },
    { name: 'task', concurrency: 1 },
  ])
  await site.start(['only'])
  await site.trigger('task')
  await until('some slots', async () => (await site.effects.all()).length > 5)
  await judge(site)
}, 600_000)
afterAll(async () => {
  await site?.[Symbol.asyncDispose]()
  await server?.close()
})

const VICTIM = `(select id from quarterjack.history where slot is not null and state = 'succeeded' order by slot offset 2 limit 1)`

it.each([
  {
    what: 'a slot without a record',
    spoil: `update quarterjack.history set schedule_id = -schedule_id where id = ${VICTIM}`,
    mend: 'update quarterjack.history set schedule_id = abs(schedule_id)',
    told: /missingSlot/,
  },
  {
    what: 'a slot with two records',
    spoil: `insert into quarterjack.skips (schedule_id, job_id, key, reason, from_slot, to_slot, count, spec_generation, finished_at)
      select schedule_id, job_id, key, 'misfire', slot, slot, 1, 1, finished_at from quarterjack.history where id = ${VICTIM}`,
    mend: 'delete from quarterjack.skips',
    told: /doubledSlot/,
  },
  {
    what: 'a gate that nobody holds',
    spoil: `update quarterjack.gates set held = 1 where name = 'job:task'`,
    mend: `update quarterjack.gates set held = 0 where name = 'job:task'`,
    told: /gateMismatch/,
  },
  {
    what: 'a run that is dead',
    spoil: `update quarterjack.history set state = 'dead', reason = 'x' where id = ${VICTIM}`,
    mend: `update quarterjack.history set state = 'succeeded', reason = null where state = 'dead'`,
    told: /runs that ended otherwise: .*"dead"/,
  },
  {
    what: 'a success under another fence',
    spoil: `update quarterjack.history set fence = -fence where id = ${VICTIM}`,
    mend: 'update quarterjack.history set fence = abs(fence)',
    told: /successes without effect/,
  },
])('finds $what', async ({ spoil, mend, told }) => {
  await site.query(spoil)
  await expect(judge(site)).rejects.toThrow(told)
  await site.query(mend)
  await judge(site)
})

it('finds a promise that was not kept', async () => {
  await expect(judge(site, { promised: ['nobody'] })).rejects.toThrow(/promised runs that are lost/)
})

it('finds what the server complained about', async () => {
  await expect(site.query('select 1 / 0')).rejects.toThrow()
  await expect(judge(site)).rejects.toThrow(/division by zero/)
  await judge(site, { serverErrors: /division by zero/ })
})

it('finds a handler that ended twice, and one of no run', async () => {
  const [effect] = await site.effects.all()
  if (effect === undefined) throw new Error('There is no effect.')
  await site.effects.start({ ...effect, fence: effect.fence + 1 })
  await site.effects.end({ ...effect, fence: effect.fence + 1 }, 'returned')
  await expect(judge(site, { serverErrors: /division by zero/ })).rejects.toThrow(/ended twice/)
  await site.effects.start({ ...effect, runId: 'of no run' })
  await expect(judge(site, { serverErrors: /division by zero/ })).rejects.toThrow(/no run accounts for/)
})
