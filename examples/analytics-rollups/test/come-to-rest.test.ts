import type { HealthSnapshot } from '@quarterjack/core'
import { describe, expect, it } from 'vitest'
import { comeToRest } from '../src/demo/come-to-rest.ts'

interface Look {
  readonly running?: number
  readonly watching?: number
  readonly dirty?: number
  readonly at?: number
}

/** A scheduler whose health is what the looks say, one after the other; the last one stays. */
function schedulerOf(looks: readonly Look[]): { asked: number; health(): Promise<HealthSnapshot> } {
  return {
    asked: 0,
    async health() {
      const { running = 0, watching = 0, dirty = 0, at = this.asked } = looks[Math.min(this.asked++, looks.length - 1)] ?? {}
      const job = (name: string, count: number): object => ({ job: name, running: count, pending: 0, waiting: 0, lastRun: null })
      // Ages grow by themselves: they are no progress.
      const rollup = { rollup: 'hours', dirty, dirtyMs: dirty * (at + 1), lagMs: 0, held: 0, watermark: null, failed: 0, suspect: 0 }
      return { jobs: [job('hours', running), job('watch', watching)], rollups: [rollup] } as unknown as HealthSnapshot
    },
  }
}

const options = { besides: ['watch'], patienceMs: 60, everyMs: 1 }

describe('comeToRest', () => {
  it('wants to see rest twice in a row', async () => {
    const scheduler = schedulerOf([{}, { running: 1 }, {}, {}])
    await comeToRest(scheduler, options)
    expect(scheduler.asked).toBe(4)
  })

  it('waits for as long as something moves, however long that takes', async () => {
    const scheduler = schedulerOf([...Array.from({ length: 100 }, (_, n) => ({ dirty: 100 - n })), {}, {}])
    const began = performance.now()
    await comeToRest(scheduler, options)
    expect(performance.now() - began).toBeGreaterThan(options.patienceMs)
  })

  it('fails when nothing moves, and says what is left', async () => {
    const scheduler = schedulerOf([{ running: 1, dirty: 3 }])
    await expect(comeToRest(scheduler, options)).rejects.toThrow(
      'nothing has moved for 60 ms; left: hours (1 running), hours (3 dirty, 0 held, complete up to null)',
    )
  })

  it('does not wait for a job that is never at rest', async () => {
    const scheduler = schedulerOf([{ watching: 1 }])
    await comeToRest(scheduler, options)
    expect(scheduler.asked).toBe(2)
  })
})
