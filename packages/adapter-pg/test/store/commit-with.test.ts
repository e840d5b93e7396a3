/** `commitWith` by way of every client: a handler's writes and the success of its run, together or not at all. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, defineJob, type JobRef, type RunContext, type RunHandle, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CommitOptions } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { type AnyClient, COMMIT_KINDS, type CommitSite, NOTES, note, say } from './commit-kinds.ts'

let server: PostgresAccess
beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())

describe.each(Object.keys(COMMIT_KINDS))('commitWith by way of %s', (kind) => {
  let site: CommitSite
  let scheduler: Scheduler
  /** What the handler of the next run does. */
  let handle: (ctx: RunContext) => Promise<unknown>
  let errors: unknown[] = []
  const commit = <T>(ctx: RunContext, work: (client: AnyClient) => Promise<T>, options?: CommitOptions): Promise<T> =>
    site.store.commitWith(ctx, work, options)

  const ship = defineJob({
    name: 'ship',
    retry: { retries: 1, minTimeout: 20, maxTimeout: 20 },
    run: async (ctx: RunContext): Promise<unknown> => {
      try {
        return await handle(ctx)
      } catch (error) {
        errors.push(error)
        throw error
      }
    },
  })
  const followed: string[] = []
  const bill = defineJob({ name: 'bill', after: [ship], run: ({ runId }) => void followed.push(runId) })
  const mailed: string[] = []
  const mail = defineJob({ name: 'mail', run: ({ runId }) => void mailed.push(runId) })

  beforeAll(async () => {
    site = await (COMMIT_KINDS[kind] as (server: PostgresAccess) => Promise<CommitSite>)(server)
    for (const statement of NOTES.split(';')) await site.query(statement)
    scheduler = createScheduler({ store: site.store, jobs: [ship, bill, mail], logger: false })
    await scheduler.start()
    // PGlite takes its time.
  }, 60_000)
  afterAll(async () => {
    await scheduler.stop()
    await site.store.close()
    await site.end()
  })
  beforeEach(async () => {
    errors = []
    followed.length = 0
    await site.query('delete from notes')
  })

  const notes = async (): Promise<readonly unknown[]> => (await site.query('select note from notes order by note')).map((row) => row.note)
  const trigger = async (handler: (ctx: RunContext) => Promise<unknown>): Promise<RunHandle<unknown>> => {
    handle = handler
    return scheduler.trigger(ship as JobRef & typeof ship)
  }
  const attemptsOf = async (run: RunHandle<unknown>): Promise<readonly string[]> => {
    const record = await scheduler.runs.get(run.id)
    return record?.attempts.map(({ outcome }) => outcome) ?? []
  }

  it('commits both in one transaction, with the result', async () => {
    const run = await trigger((ctx) =>
      commit(ctx, async (client) => {
        await note(client, 'shipped')
        return { shipped: 1 }
      }),
    )
    expect(await run.finished()).toEqual({ shipped: 1 })
    const rows = await site.query(
      `select h.state, h.xmin::text = n.xmin::text as together from quarterjack.history h, notes n where h.id = '${run.id}'`,
    )
    expect(rows).toEqual([{ state: 'succeeded', together: true }])
    expect(await attemptsOf(run)).toEqual(['succeeded'])
  })

  it('keeps neither when the work throws, and commits at the next attempt', async () => {
    const run = await trigger((ctx) =>
      commit(ctx, async (client) => {
        await note(client, `attempt ${ctx.attempt}`)
        if (ctx.attempt === 1) throw new Error('changed my mind')
      }),
    )
    await run.finished()
    expect(await notes()).toEqual(['attempt 2'])
    expect(await attemptsOf(run)).toEqual(['failed', 'succeeded'])
    expect(errors).toEqual([expect.objectContaining({ message: 'changed my mind' })])
  })

  it('gives errors of statements as they are, also when the work goes on', async () => {
    const run = await trigger((ctx) =>
      commit(ctx, async (client) => {
        await note(client, 'before')
        if (ctx.attempt === 1) await say(client, 'select nonsense').catch(() => undefined)
        if (ctx.attempt === 2) await say(client, 'select nonsense')
      }),
    )
    await run.finished().catch(() => undefined)
    expect(await notes()).toEqual([])
    expect(errors).toHaveLength(2)
    expect(errors[1]).toMatchObject({ code: '42703' })
  })

  it('gives the error of a constraint that is checked at the commit, and keeps neither', async () => {
    const run = await trigger((ctx) =>
      commit(ctx, (client) => say(client, `insert into notes values ('x', ${ctx.attempt === 1 ? `'nobody'` : 'null'})`)),
    )
    await run.finished()
    expect(errors).toEqual([expect.objectContaining({ code: '23503' })])
    expect(await attemptsOf(run)).toEqual(['failed', 'succeeded'])
    expect(await notes()).toEqual(['x'])
  })

  it('leaves the run succeeded when its handler throws afterwards', async () => {
    const run = await trigger(async (ctx) => {
      await commit(ctx, async (client) => {
        await note(client, 'shipped')
        return 'early'
      })
      throw new Error('too late')
    })
    expect(await run.finished()).toBe('early')
    expect(errors).toHaveLength(1)
    await sleep(100)
    expect(await scheduler.runs.get(run.id)).toMatchObject({ state: 'succeeded', result: 'early' })
    expect(await notes()).toEqual(['shipped'])
  })

  it('makes the runs that come after it at the commit, and once', async () => {
    const run = await trigger(async (ctx) => {
      await commit(ctx, (client) => note(client, 'shipped'))
      await until('the follower ran', () => followed.length === 1)
    })
    await run.finished()
    await sleep(200)
    expect(followed).toHaveLength(1)
    expect(await site.query(`select count(*)::int as n from quarterjack.runs`)).toEqual([{ n: 0 }])
  })

  it('makes none of them when it is rolled back', async () => {
    const run = await trigger((ctx) =>
      commit(ctx, async () => {
        if (ctx.attempt === 1) throw new Error('no')
        ctx.skip('nothing to do')
      }),
    )
    await expect(run.finished()).rejects.toMatchObject({ code: 'RunSkipped' })
    await sleep(100)
    expect(followed).toEqual([])
  })

  it('is cut when the run is cancelled, and what it still tries is refused', async () => {
    let stray: Promise<unknown> | null = null
    let hasWritten = false
    const run = await trigger((ctx) =>
      commit(ctx, async (client) => {
        await note(client, 'half')
        hasWritten = true
        await sleep(1_000)
        stray = note(client, 'stray').then(
          () => 'written',
          (error: unknown) => error,
        )
      }),
    )
    await until('it has written', () => hasWritten)
    // PGlite has one connection, which the transaction holds.
    const cancelled = scheduler.runs.cancel(run.id)
    if (kind === 'pglite') {
      await run.finished()
      return
    }
    await cancelled
    await expect(run.finished()).rejects.toMatchObject({ code: 'RunCancelled' })
    expect(errors).toEqual([expect.objectContaining({ code: 'RunCancelled' })])
    await until('it has tried', () => stray !== null)
    expect(await stray).toBeInstanceOf(Error)
    expect(await notes()).toEqual([])
  })

  it('is rolled back when it takes too long', async () => {
    let stray: Promise<unknown> | null = null
    const run = await trigger((ctx) =>
      ctx.attempt > 1
        ? Promise.resolve('gave up')
        : commit(
            ctx,
            async (client) => {
              await note(client, 'half')
              await sleep(1_000)
              stray = note(client, 'stray').then(
                () => 'written',
                (error: unknown) => error,
              )
            },
            { within: '200ms' },
          ),
    )
    expect(await run.finished()).toBe('gave up')
    expect(errors).toEqual([
      expect.objectContaining({ code: 'StoreTimedOut', message: expect.stringContaining('did not end within 200 ms') }),
    ])
    await until('it has tried', () => stray !== null)
    expect(await stray).toBeInstanceOf(Error)
    expect(await notes()).toEqual([])
  })

  it('commits once per run', async () => {
    const run = await trigger(async (ctx) => {
      await commit(ctx, (client) => note(client, 'first'))
      await commit(ctx, (client) => note(client, 'second'))
    })
    await run.finished()
    await until('the second was refused', () => errors.length === 1)
    expect(errors[0]).toMatchObject({ code: 'StaleLease', message: expect.stringContaining('an earlier commit took effect') })
    expect(await notes()).toEqual(['first'])
  })

  it('leaves COMMIT and ROLLBACK to itself', async () => {
    const run = await trigger((ctx) => (ctx.attempt > 1 ? Promise.resolve() : commit(ctx, (client) => say(client, 'rollback'))))
    await run.finished()
    expect(errors).toEqual([
      expect.objectContaining({ code: 'InvalidOption', message: expect.stringContaining('the transaction was over') }),
    ])
    expect(await attemptsOf(run)).toEqual(['failed', 'succeeded'])
  })

  it('takes triggers along in the same transaction', async () => {
    const run = await trigger((ctx) =>
      commit(ctx, async (client) => {
        await scheduler.trigger(mail, undefined, { tx: client })
        if (ctx.attempt === 1) throw new Error('no')
      }),
    )
    await run.finished()
    await until('it ran', () => mailed.length > 0)
    await sleep(100)
    expect(mailed).toHaveLength(1)
  })

  it('wants the context and options that fit', async () => {
    const run = await trigger(async (ctx) => {
      await expect(commit({ ...ctx }, async () => undefined)).rejects.toMatchObject({ code: 'InvalidOption' })
      await expect(commit(ctx, async () => undefined, { within: 'soon' as '1s' })).rejects.toThrow(
        /within: use milliseconds or .*; this is "soon"\./,
      )
      await expect(commit(ctx, async () => undefined, { within: '2h' })).rejects.toThrow(/at most "1h"/)
    })
    await run.finished()
  })
})
