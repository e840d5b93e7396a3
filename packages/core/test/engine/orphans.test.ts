import { describe, expect, it, vi } from 'vitest'
import { createHoldings } from '../../src/engine/holdings.ts'
import { createOrphans, type OrphansDeps } from '../../src/engine/orphans.ts'

/** The store has leased one run of fence 7 to this process, which does not know it. */
function setUp() {
  const holdings = createHoldings(20)
  const givenBack: string[] = []
  const link = { call: vi.fn(async () => ({ runs: [{ id: 'run', fence: 7 }] })) }
  const settler = {
    async settle({ runId }: { runId: string }) {
      givenBack.push(runId)
    },
  }
  const logger = { warn: () => undefined }
  const deps = { holdings, link, logger, owner: { id: 'me' }, giveBack: { settler, logger } } as unknown as OrphansDeps
  const orphans = createOrphans(deps)
  return { holdings, givenBack, renew: async (held: number) => orphans.compare(orphans.count(), held) }
}

describe('a run that the store lists and nobody here knows', () => {
  it('is given back when no call may have claimed it', async () => {
    const { givenBack, renew } = setUp()
    await renew(1)
    expect(givenBack).toEqual([])
    await renew(1)
    expect(givenBack).toEqual(['run'])
  })

  it('is left alone while a call that may have claimed it is under way, however long that takes', async () => {
    const { holdings, givenBack, renew } = setUp()
    const call = holdings.reserve(1)
    for (let times = 0; times < 20; times++) await renew(1)
    expect(givenBack).toEqual([])
    call.close()
    await renew(1)
    expect(givenBack).toEqual(['run'])
  })

  it('does not wait for calls that began after it was seen', async () => {
    const { holdings, givenBack, renew } = setUp()
    const call = holdings.reserve(1)
    for (let times = 0; times < 6; times++) await renew(1)
    const later = holdings.reserve(1)
    call.close()
    await renew(1)
    expect(givenBack).toEqual(['run'])
    later.close()
  })
})
