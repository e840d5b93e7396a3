/** Text → vector → cluster, on the shipped posts and on anything. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignClusters, type ItemPoint } from '../src/clusters/assign-clusters.ts'
import { cosine, embed, wordsOf } from '../src/clusters/embed.ts'
import { summarise, textOf } from '../src/clusters/summarise.ts'
import { readConfig } from '../src/config.ts'
import { readPosts } from '../src/reddit/serve-posts.ts'

const posts = (await readPosts()).map(({ data }) => ({ title: String(data.title), body: String(data.selftext) }))
const threshold = readConfig({}).clusterThreshold

function ids(): () => string {
  let next = 0
  return () => `c${next++}`
}

const pointsOf = (texts: readonly string[]): readonly ItemPoint[] => texts.map((text, at) => ({ id: String(at), vector: embed(text) }))

/** What people would say belongs together, by a word that the theme cannot do without. */
const THEMES = [/csv|export/i, /sso|okta|login/i, /android|upload/i, /charge|invoice/i, /dark (mode|theme)/i, /dashboard/i, /notification/i]

describe('the shipped posts', () => {
  const { assignments, changed } = assignClusters([], pointsOf(posts.map(textOf)), { threshold, newId: ids() })
  const membersOf = (clusterId: string) =>
    assignments.filter((one) => one.clusterId === clusterId).map(({ itemId }) => posts[Number(itemId)]!)

  it.each(THEMES)('%s is one cluster with nothing else in it', (theme) => {
    const about = posts.filter((post) => theme.test(post.title))
    expect(about.length).toBeGreaterThan(2)
    const clusters = new Set(assignments.filter(({ itemId }) => about.includes(posts[Number(itemId)]!)).map(({ clusterId }) => clusterId))
    expect([...clusters]).toHaveLength(1)
    for (const member of membersOf([...clusters][0]!)) expect(textOf(member)).toMatch(theme)
  })

  it('leave what is like nothing by itself', () => {
    expect(changed.map(({ size }) => size)).toEqual([6, 6, 6, 6, 5, 5, 4, 1, 1])
  })

  it('have titles that one of their people wrote, and words that most share', () => {
    const { title, terms, summary } = summarise(membersOf(assignments[1]!.clusterId))
    expect(posts.map((post) => post.title)).toContain(title)
    expect(terms.slice(0, 2)).toEqual(['login', 'sso'])
    expect(summary).toMatch(/^6 reports: /)
  })
})

describe('embed', () => {
  it('is a unit vector, or nothing for a text without words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const vector = embed(text)
        const length = cosine(vector, vector)
        expect(wordsOf(text).length === 0 ? length : Math.abs(length - 1)).toBeLessThan(1e-9)
      }),
    )
  })

  it.each([
    ['charged twice', 'charging two times', 'the sidebar is grey'],
    ['Résumé upload', 'resume uploads', 'login loop'],
  ])('%s is nearer to %s than to %s', (text, near, far) => {
    expect(cosine(embed(text), embed(near))).toBeGreaterThan(cosine(embed(text), embed(far)) + 0.1)
  })
})

describe('assignClusters', () => {
  const texts = fc.array(
    fc.array(fc.constantFrom('login', 'crash', 'export', 'refund', 'slow', 'dark', 'mail'), { minLength: 1, maxLength: 4 }),
    {
      maxLength: 25,
    },
  )

  it('gives each item one cluster, in one go as in two', () => {
    fc.assert(
      fc.property(texts, fc.nat(25), (words, cutAt) => {
        const items = pointsOf(words.map((some) => some.join(' ')))
        const whole = assignClusters([], items, { threshold, newId: ids() })
        expect(whole.assignments.map(({ itemId }) => itemId)).toEqual(items.map(({ id }) => id))
        expect(whole.changed.reduce((sum, { size }) => sum + size, 0)).toBe(items.length)

        const newId = ids()
        const first = assignClusters([], items.slice(0, cutAt), { threshold, newId })
        const second = assignClusters(first.changed, items.slice(cutAt), { threshold, newId })
        expect([...first.assignments, ...second.assignments].map(({ clusterId }) => clusterId)).toEqual(
          whole.assignments.map(({ clusterId }) => clusterId),
        )
      }),
    )
  })

  it('puts the same text into the same cluster when nothing came between', () => {
    const { changed } = assignClusters([], pointsOf(['slow login', 'slow login', 'login slow']), { threshold: 0.99, newId: ids() })
    expect(changed).toMatchObject([{ size: 3 }])
  })

  it('tells only of clusters that changed', () => {
    const known = [{ id: 'old', sum: embed('refund charge'), size: 1 }]
    const { changed } = assignClusters(known, pointsOf(['dark sidebar']), { threshold, newId: ids() })
    expect(changed.map(({ id }) => id)).toEqual(['c0'])
  })
})

it('a summary does not depend on the order of its items', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(posts, { minLength: 1, maxLength: 6 }), (some) => {
      expect(summarise(some)).toEqual(summarise(some.toReversed()))
    }),
    { numRuns: 30 },
  )
})
