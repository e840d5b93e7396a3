/** The facade, called wrongly, or on a store that does not answer. */
import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { createSite } from '../faults/site.ts'
import { LOST_REPLY, SILENT } from '../faults/line.ts'

const job = defineJob({ name: 'j', schedule: every('1h'), run: () => undefined })

/** A store that says it joins transactions, and fails a given number of calls. */
function transactional(): { store: Store; clock: ReturnType<typeof fakeClock>; asked: unknown[]; failing: { left: number } } {
  const clock = fakeClock()
  const memory = memoryStore({ clock })
  const asked: unknown[] = []
  const failing = { left: 0 }
  const enqueue: Store['runs']['enqueue'] = async ({ tx, ...request }) => {
    asked.push(tx)
    if (failing.left-- > 0) throw new Error('current transaction is aborted')
    return memory.runs.enqueue(request)
  }
  const store = { ...memory, capabilities: { ...memory.capabilities, transactions: true }, runs: { ...memory.runs, enqueue } }
  return { store, clock, asked, failing }
}

describe('the facade', () => {
  it('asks the store nothing when it is told to start what it does not know', async () => {
    await using site = createSite()
    const process = site.process({ jobs: [job] })
    await expect(process.scheduler.start({ only: ['nope'] })).rejects.toMatchObject({ code: 'UnknownJob' })
    expect(process.line.calls).toEqual([])
    await process.start()
  })

  it('is a client after it stopped: it triggers, and leaves the work to others', async () => {
    await using site = createSite()
    const client = site.process({ jobs: [job] })
    const worker = site.process({ jobs: [job] })
    await client.start()
    await site.clock.until(client.scheduler.stop())
    const handle = await client.scheduler.trigger(job)
    await site.clock.advance(1_000)
    expect(await client.scheduler.runs.get(handle.id)).toMatchObject({ state: 'pending' })
    await worker.start()
    await site.clock.advance(1_000)
    expect(await client.scheduler.runs.get(handle.id)).toMatchObject({ state: 'succeeded' })
  })

  it.each([
    ['audit', 'schedules.ledger'],
    ['audit', 'runs.gates'],
    ['health', 'runs.stats'],
    ['preview', 'schedules.list'],
  ] as const)('%s ends although %s never answers', async (what, verb) => {
    await using site = createSite()
    const process = site.process({ jobs: [job] })
    await process.start()
    process.line.judge((asked) => (asked === verb ? SILENT : null))
    const calls = {
      audit: () => process.scheduler.audit(),
      health: () => process.scheduler.health(),
      preview: () => process.scheduler.preview(job),
    }
    const answer: Promise<unknown> = calls[what]()
    const code = await site.clock.until(
      answer.then(
        () => 'answered',
        (error: { code: string }) => error.code,
      ),
      60_000,
    )
    expect(code).toBe(what === 'health' ? 'answered' : 'StoreTimedOut')
    process.line.judge(null)
  })

  it('says that it cancelled a run, though the first reply was lost', async () => {
    await using site = createSite()
    const process = site.process({ jobs: [job] })
    await process.start()
    const handle = await process.scheduler.trigger(job, undefined, { delay: '1h' })
    let lost = 0
    process.line.judge((verb) => (verb === 'runs.cancel' && lost++ === 0 ? LOST_REPLY : null))
    expect(await site.clock.until(process.scheduler.runs.cancel(handle.id, 'not needed'))).toBe(true)
    expect(await process.scheduler.runs.cancel(handle.id, 'not needed')).toBe(false)
  })
})

describe('a trigger within a transaction', () => {
  it('is tried once: what failed in a transaction cannot be repeated in it', async () => {
    const { store, clock, asked, failing } = transactional()
    const manual = manualScheduler({ jobs: [job], store, clock })
    failing.left = 1
    const tx = { open: true }
    await expect(manual.scheduler.trigger(job, undefined, { tx })).rejects.toMatchObject({ code: 'StoreUnavailable' })
    expect(asked).toEqual([tx])
  })

  it('takes all items of triggerMany, or none: they must carry the same one', async () => {
    const { store, clock, asked } = transactional()
    const manual = manualScheduler({ jobs: [job], store, clock })
    const tx = { open: true }
    await expect(manual.scheduler.triggerMany(job, [{ tx }, {}])).rejects.toMatchObject({ code: 'InvalidOption' })
    await expect(manual.scheduler.triggerMany(job, [{}, { tx }])).rejects.toMatchObject({ code: 'InvalidOption' })
    expect(asked).toEqual([])
    expect(await manual.scheduler.triggerMany(job, [{ tx }, { tx }])).toHaveLength(2)
    expect(asked).toEqual([tx])
  })
})
