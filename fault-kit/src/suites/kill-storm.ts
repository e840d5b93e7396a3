/** `kill -9` of one process after the other, wherever it just is, under load. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { figure } from '../figure.ts'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import type { Worker } from '../start-worker.ts'
import { isFull, MOST_MS } from '../tier.ts'

const PROCESSES = isFull ? 5 : 3
const KILLS = isFull ? 40 : 6

/** Tests it. */
export function testKillStorm(ground: Ground): void {
  vi.setConfig({ testTimeout: MOST_MS })

  it(`${KILLS} kills of ${PROCESSES} processes under load: nothing is lost, and only what was hurt is repeated`, async () => {
    await using server = await ground.startServer()
    await using site = await server.createSite([
      { name: 'task', workMs: [20] },
      // Processes that are killed while they start do not work: the line of slots may get long.
      { name: 'tick', every: ['250ms', '500ms', '1s'], workMs: [10], catchUp: { all: true, limit: 10_000 } },
      { name: 'alone', overlap: 'queue', concurrency: 1, workMs: [5] },
    ])
    const workers: Worker[] = [...(await site.start(Array.from({ length: PROCESSES }, (_, n) => `w${n}`)))]
    const promised: string[] = []
    const load = new AbortController()
    const loading = (async () => {
      while (!load.signal.aborted) {
        promised.push(await site.trigger('task'), await site.trigger('alone'))
        await sleep(10)
      }
    })()
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(50 + Math.random() * 400)
      const [victim] = workers.splice(Math.floor(Math.random() * workers.length), 1)
      await victim!.kill()
      workers.push(site.launch(`w${PROCESSES + kill}`))
    }
    await Promise.all(workers.map(({ ready }) => ready))
    const since = await site.effects.now()
    await sleep(1_000)
    load.abort()
    await loading
    const { slots, runs, effects } = await judge(site, { promised, repeated: 'any' })
    expect(new Set(effects.filter(({ startedAt }) => startedAt > since).map(({ worker }) => worker)).size).toBe(PROCESSES)
    // A handler that ended twice is one of an attempt whose process was killed.
    const attempts = new Map(runs.map(({ id, attempt }) => [id, attempt]))
    for (const { runId, ending } of effects) if (ending === null) expect(attempts.get(runId)).toBeGreaterThan(1)
    const returned = effects.filter(({ ending }) => ending === 'returned').length
    figure(`${KILLS} kills of ${PROCESSES} processes`, {
      runs: runs.length,
      slots,
      'cut off in the handler': effects.filter(({ ending }) => ending === null).length,
      'ended, but not recorded': returned - runs.filter(({ state }) => state === 'succeeded').length,
    })
  })
}
