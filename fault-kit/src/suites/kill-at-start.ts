/** `kill -9` of a process that starts. */
import { describe, it, vi } from 'vitest'
import type { Ground } from '../ground.ts'
import { killAtStart, TICKING } from '../kill-at-start.ts'
import { shareServer } from '../share-server.ts'
import { MOST_MS } from '../tier.ts'

/** Tests it. */
export function testKillAtStart(ground: Ground): void {
  vi.setConfig({ testTimeout: MOST_MS })
  const server = shareServer(ground)

  describe('kill -9 of a process that starts', () => {
    it.each([
      { step: 'before its first renewal', at: 'request', call: 'runsRenew' },
      { step: 'after its jobs were registered', at: 'reply', call: 'schedulesRegister' },
    ] as const)('$step: the next one starts and works', async ({ step, at, call }) => {
      await using site = await server().createSite(TICKING)
      await using line = await site.openLine()
      await killAtStart(site, { step, url: line.url, isCome: line.loseCall(at, call) })
    })
  })
}
