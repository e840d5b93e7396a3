import { describe, expect, it } from 'vitest'
import { createGatherer } from '../../src/verbs/gather.ts'

/** Lots that are answered when the test says so. */
function setUp() {
  const lots: { items: readonly number[]; answer: (error?: Error) => void }[] = []
  const one = createGatherer(
    (items: readonly number[]) =>
      new Promise<readonly string[]>((resolve, reject) => {
        lots.push({ items, answer: (error) => (error === undefined ? resolve(items.map((item) => `#${item}`)) : reject(error)) })
      }),
  )
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return { lots, one, turn }
}

describe('calls that are gathered', () => {
  it('go together when they come in one turn, and with all that come while others are under way', async () => {
    const { lots, one, turn } = setUp()
    const answers = [one(1), Promise.resolve().then(() => one(2))]
    await turn()
    expect(lots.map(({ items }) => items)).toEqual([[1, 2]])
    answers.push(one(3))
    await turn()
    answers.push(one(4))
    await turn()
    expect(lots.map(({ items }) => items)).toEqual([[1, 2]])
    lots[0]?.answer()
    await turn()
    expect(lots.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ])
    lots[1]?.answer()
    expect(await Promise.all(answers)).toEqual(['#1', '#2', '#3', '#4'])
  })

  it('fail together, and the next ones go on', async () => {
    const { lots, one, turn } = setUp()
    const first = one(1)
    await turn()
    const later = Promise.allSettled([one(2), one(3)])
    lots[0]?.answer()
    await turn()
    lots[1]?.answer(new Error('gone'))
    expect((await later).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await first).toBe('#1')
    const again = one(4)
    await turn()
    lots[2]?.answer()
    expect(await again).toBe('#4')
  })

  it('are two where they are many, so that the server has one while the other is made', async () => {
    const { lots, one, turn } = setUp()
    const answers = Array.from({ length: 64 }, (_, index) => one(index))
    await turn()
    // The second is sent when the first is on its way.
    await turn()
    answers.push(one(64))
    await turn()
    expect(lots.map(({ items }) => items.length)).toEqual([32, 32])
    lots[1]?.answer()
    await turn()
    // One alone does not go beside another.
    expect(lots).toHaveLength(2)
    lots[0]?.answer()
    await turn()
    lots[2]?.answer()
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 65 }, (_, index) => `#${index}`))
  })

  it('are never more than one script takes', async () => {
    const { lots, one, turn } = setUp()
    const answers = Array.from({ length: 301 }, (_, index) => one(index))
    await turn()
    await turn()
    for (let lot = 0; lot < 3; lot++) {
      lots[lot]?.answer()
      await turn()
    }
    expect(await Promise.all(answers)).toHaveLength(301)
    expect(lots.map(({ items }) => items.length)).toEqual([128, 128, 45])
  })
})
