/** What a cluster is called: the words that most of its items share, and the item that says it best. */
import { cosine, embed, toUnit, type Vector, wordsOf } from './embed.ts'

export interface Summary {
  readonly title: string
  readonly summary: string
  /** The most shared words, as stems; at most six. */
  readonly terms: readonly string[]
}

export interface SummarisedItem {
  readonly title: string
  readonly body: string
}

const MOST_TERMS = 6

/** Of at least one item. The same items give the same summary, in whatever order they come. */
export function summarise(items: readonly SummarisedItem[]): Summary {
  const vectors = items.map((item) => embed(textOf(item)))
  const centre = toUnit(sumOf(vectors))
  const ranked = items
    .map((item, at) => ({ item, nearness: cosine(centre, vectors[at] ?? []) }))
    .sort((a, b) => b.nearness - a.nearness || (textOf(a.item) < textOf(b.item) ? -1 : 1))
  const best = ranked[0]?.item ?? { title: 'Nothing', body: '' }
  const terms = sharedTerms(items)
  const people = items.length === 1 ? 'One report' : `${items.length} reports`
  return { title: best.title, summary: `${people}: ${firstSentence(best.body) || best.title}`, terms }
}

/** What is embedded of an item: its title counts twice. */
export function textOf({ title, body }: SummarisedItem): string {
  return `${title}\n${title}\n${body}`
}

function sharedTerms(items: readonly SummarisedItem[]): readonly string[] {
  const holders = new Map<string, number>()
  for (const item of items) for (const word of new Set(wordsOf(textOf(item)))) holders.set(word, (holders.get(word) ?? 0) + 1)
  return [...holders]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, MOST_TERMS)
    .map(([word]) => word)
}

function sumOf(vectors: readonly Vector[]): Vector {
  return vectors.reduce((sum, vector) => vector.map((value, at) => value + (sum[at] ?? 0)), [] as Vector)
}

function firstSentence(text: string): string {
  return (/^.*?[.!?](?=\s|$)/s.exec(text.trim())?.[0] ?? text.trim()).slice(0, 280)
}
