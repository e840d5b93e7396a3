/** A line to the server that breaks, goes deaf in one direction, or loses the replies to what was written. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { figure } from '../figure.ts'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { shareServer } from '../share-server.ts'
import { isFull, MOST_MS } from '../tier.ts'
import { LINE_JOBS, workOnLine } from '../work-on-line.ts'
import { LEASE_MS } from '../worker-plan.ts'

const LASTS_MS = isFull ? 20_000 : 2_000
const EACH = isFull ? 30 : 5

/** Tests it. */
export function testLines(ground: Ground): void {
  vi.setConfig({ testTimeout: MOST_MS })
  const server = shareServer(ground)

  describe('a line that', () => {
    it('is cut again and again loses and doubles nothing', async () => {
      await using site = await server().createSite(LINE_JOBS)
      await using line = await site.openLine()
      let cuts = 0
      const happen = async (): Promise<void> => {
        const over = performance.now() + LASTS_MS
        for (; performance.now() < over; cuts++) {
          line.cut()
          await sleep(line.cutEachMs)
        }
      }
      const { slots, runs, triggers, refused } = await workOnLine(site, { line, happen })
      expect(triggers).toBeGreaterThan(0)
      figure(`line cut ${cuts} times`, { slots, runs: runs.length, triggers, 'triggers refused': refused })
    })

    it.each(['replies', 'requests'] as const)(
      'swallows %s for less and for more than the lease: nothing is lost, and work goes on',
      async (direction) => {
        await using site = await server().createSite(LINE_JOBS)
        await using line = await site.openLine()
        const happen = async (): Promise<void> => {
          for (const ms of [LEASE_MS / 2, LEASE_MS + 1_500]) {
            line.blackhole(direction)
            await sleep(ms)
            line.heal()
            await sleep(1_000)
          }
        }
        // What ended while the lease was lost is not known to have ended.
        const expected = { repeated: 'any' } as const
        const { slots, runs, triggers, refused, leasesLost, repeated } = await workOnLine(site, { line, happen, expected })
        figure(`line that swallows ${direction}`, {
          slots,
          runs: runs.length,
          triggers,
          'triggers refused': refused,
          'leases lost': leasesLost,
          'ended, but not recorded': repeated.length,
        })
      },
    )
  })

  describe('replies to what was written are lost', () => {
    it(`${EACH} times of fire, settle, enqueue and renewal: each slot and each trigger runs exactly once`, async () => {
      await using site = await server().createSite(LINE_JOBS)
      await using line = await site.openLine()
      let lost = 0
      const happen = async (): Promise<void> => {
        for (let round = 0; round < EACH; round++) {
          for (const call of ['schedulesFire', 'runsSettle', 'runsEnqueue', 'runsRenew'] as const) {
            await line.loseCall('reply', call)
            lost++
          }
        }
      }
      const { slots, runs, triggers, refused } = await workOnLine(site, { line, happen })
      expect(refused).toBe(0)
      figure(`${lost} replies lost to fire, settle, enqueue, renew`, { slots, runs: runs.length, triggers, 'triggers refused': refused })
    })

    it(`${EACH} times of a claim: each run is found, given back, and starts once`, async () => {
      await using site = await server().createSite([{ name: 'task' }])
      await using line = await site.openLine()
      await site.start(['a'], { storeUrl: line.url })
      const promised: string[] = []
      const waits: number[] = []
      for (let round = 0; round < EACH; round++) {
        const cut = line.loseCall('reply', 'runsClaim')
        const id = await site.trigger('task')
        await cut
        const lostAt = await site.effects.now()
        waits.push((await site.effectOf(id)).startedAt - lostAt)
        promised.push(id)
      }
      const { effects } = await judge(site, { promised })
      expect(effects).toHaveLength(EACH)
      expect(Math.max(...waits)).toBeLessThan(LEASE_MS + 1_000)
      figure(`${EACH} replies lost to claim`, { 'until its run starts, most ms': Math.max(...waits) })
    })
  })
}
