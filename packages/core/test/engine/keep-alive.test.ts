import { describe, expect, it } from 'vitest'
import { createHoldings } from '../../src/engine/holdings.ts'
import { createKeepAlive, type KeepAlive, type KeepAliveDeps } from '../../src/engine/keep-alive.ts'
import type { RenewReply } from '../../src/store/runs.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'

const LEASE_MS = 30_000
const nothing = (): undefined => undefined

interface Site {
  readonly clock: FakeClock
  readonly keepAlive: KeepAlive
  /** When the store was asked for renewals. */
  readonly asked: readonly number[]
  /** The store answers the latest one. */
  answer(): void
}

/** An idle process, whose store answers renewals when it is told to. */
function createSite(): Site {
  const clock = fakeClock('2026-01-01T00:00:00Z')
  const beganAt = clock.monotonic()
  const asked: number[] = []
  let answer: () => void = nothing
  const renew = (): Promise<RenewReply> => {
    asked.push(clock.monotonic() - beganAt)
    const reply = { status: 'live', held: 0, cancels: [], expired: [], storeNow: clock.now() } as const
    return new Promise((resolve) => (answer = () => resolve(reply)))
  }
  const deps = {
    clock,
    random: () => 1,
    link: { call: (_verb: string, run: (store: object) => unknown) => run({ runs: { renew } }), clock: { monotonicOf: Number } },
    owner: { id: 'o', trusted: true, trustedUntil: Number.MAX_SAFE_INTEGER, confirm: nothing },
    leaseMs: LEASE_MS,
    holdings: createHoldings(20, nothing),
    wakes: { expiryAt: null },
    emitter: { emit: nothing },
    logger: { warn: nothing },
    declares: () => [],
    ...{ onLost: nothing, onChange: nothing, onNews: nothing, onLag: nothing },
  } as unknown as KeepAliveDeps
  return { clock, keepAlive: createKeepAlive(deps), asked, answer: () => answer() }
}

describe('the renewals of an idle process', () => {
  it('come once per lease', async () => {
    const { clock, keepAlive, asked, answer } = createSite()
    keepAlive.start()
    await clock.advance(LEASE_MS)
    answer()
    await clock.advance(LEASE_MS - 1)
    expect(asked).toEqual([LEASE_MS])
    await clock.advance(1)
    expect(asked).toEqual([LEASE_MS, 2 * LEASE_MS])
  })

  it.each(['while a renewal is under way', 'after it'])('come sooner where a claim shortened the lease, %s', async (when) => {
    const { clock, keepAlive, asked, answer } = createSite()
    keepAlive.start()
    await clock.advance(LEASE_MS)
    if (when !== 'after it') keepAlive.touch()
    answer()
    await clock.settle()
    if (when === 'after it') keepAlive.touch()
    await clock.advance(LEASE_MS / 3)
    expect(asked).toEqual([LEASE_MS, LEASE_MS + LEASE_MS / 3])
  })
})
