/** A job that is deployed suspended. */
import { describe, expect, it } from 'vitest'
import { defineJob, every, memoryStore } from '../../src/index.ts'
import { fakeClock, manualScheduler } from '../../src/testing/index.ts'

const slots: string[] = []
const job = defineJob({
  name: 'j',
  schedule: every('1h'),
  suspended: 'the provider is not ready',
  run: ({ slot }) => void slots.push(slot?.toISOString().slice(11, 16) ?? ''),
})

describe('a job that begins suspended', () => {
  it('fires nothing from its first slot on, until it is resumed; and stays resumed over deploys', async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const manual = manualScheduler({ jobs: [job], store, clock })
    await manual.start()
    await manual.advance('3h')
    expect(slots).toEqual([])
    expect((await manual.scheduler.health()).jobs[0]?.suspended?.reason).toBe('the provider is not ready')
    await manual.scheduler.resume(job)
    await manual.advance('90m')
    expect(slots).toEqual(['04:00'])
    expect((await manual.scheduler.audit()).violations).toEqual([])
    await manual.stop()
    await using next = manualScheduler({ jobs: [job], store, clock })
    await next.start()
    await next.advance('1h')
    expect(slots).toEqual(['04:00', '05:00'])
  })

  it('says why', () => {
    expect(() => defineJob({ name: 'j', suspended: '', run: () => undefined })).toThrow(/suspended: /)
  })
})
