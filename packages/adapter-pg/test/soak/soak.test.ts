import { figure } from '@quarterjack/fault-kit/figure'
import { expect, it, vi } from 'vitest'
import { soak } from './soak.ts'

const minutes = process.env.QJ_TEST_TIER === 'soak' ? 10 : 1

vi.setConfig({ testTimeout: (minutes + 3) * 60_000 })

it(`${minutes} min of work of every kind: memory, tables and indexes stay as they are, everybody works, and nothing is lost`, async () => {
  const { faults, trends, perSecond, slotsAudited } = await soak({ minutes, isAlone: false })
  figure(`a soak of ${minutes} min`, {
    'executions per s': perSecond,
    'slots audited': slotsAudited,
    ...Object.fromEntries(trends.map(({ what, late, bound }) => [what, `${late.toFixed(1)} of ${bound.toFixed(1)}`])),
  })
  expect(faults).toEqual([])
})
