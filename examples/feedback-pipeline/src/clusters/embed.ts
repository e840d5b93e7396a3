/** Text → vector, without a model or a network: words and their trigrams, hashed into 512 places. */

/** A point on the unit sphere; all zeros for a text without words. */
export type Vector = readonly number[]

export const DIMENSIONS = 512

/** Trigrams bring `charged` near to `charge`, words tell more. */
const WORD_WEIGHT = 1
const TRIGRAM_WEIGHT = 0.25

const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about above after again all also am an and any are as at be because been before but by can cannot could did do does done for from get gets ' +
    'go got had has have he her his how i if in into is it its just like me more most much my never no not now of off on once one only or other ' +
    'our out over please since so some such than that the their them then there these they this those to too until up us use used very was we ' +
    'were what when where which while who why will with would you your'
  ).split(' '),
)

/** The words that carry meaning, in a shape that plural and tense share. */
export function wordsOf(text: string): readonly string[] {
  const words = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu)
  return (words ?? []).filter((word) => word.length > 1 && !STOP_WORDS.has(word)).map(stem)
}

/** The same text has the same vector, on every machine and for ever. */
export function embed(text: string): Vector {
  const vector = Array<number>(DIMENSIONS).fill(0)
  const add = (feature: string, weight: number): void => {
    const hash = fnv1a(feature)
    vector[hash % DIMENSIONS] = (vector[hash % DIMENSIONS] ?? 0) + (hash >>> 31 === 0 ? weight : -weight)
  }
  for (const [word, count] of countsOf(wordsOf(text))) {
    // The tenth mention of a word says little more than the third.
    const weight = 1 + Math.log(count)
    add(word, WORD_WEIGHT * weight)
    for (let at = 0; at + 3 <= word.length; at++) add(`#${word.slice(at, at + 3)}`, TRIGRAM_WEIGHT * weight)
  }
  return toUnit(vector)
}

/** Of unit vectors: 1 for the same direction, 0 for nothing in common. */
export function cosine(a: Vector, b: Vector): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)
}

export function toUnit(vector: Vector): Vector {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return length === 0 ? vector : vector.map((value) => value / length)
}

export function countsOf(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

function stem(word: string): string {
  for (const end of ['ings', 'ing', 'ies', 'ied', 'ed', 'es', 's', 'e', 'ly']) {
    if (word.endsWith(end) && word.length - end.length >= 3) return word.slice(0, -end.length)
  }
  return word
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  // The last step of murmur: without it, the low bits of short texts are alike.
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
