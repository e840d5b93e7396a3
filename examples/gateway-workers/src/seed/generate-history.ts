/** The lines of `data/repositories.jsonl`: two repositories of the last ten weeks, and of two weeks that are still to come. */
import { DAY_MS, HOUR_MS } from '../db/time.ts'
import type { HistoryLine } from '../orchestration/history-source.ts'
import { createDice, type Dice } from './random.ts'
import { SEED_TODAY } from './seed-database.ts'

const FILES = [
  'src/mesh.ts',
  'src/supports.ts',
  'src/gcode.ts',
  'src/ui/preview.tsx',
  'src/ui/panel.tsx',
  'src/api/orders.ts',
  'test/mesh.test.ts',
]
const VERBS = ['Add', 'Fix', 'Speed up', 'Tidy', 'Test']
const THINGS = ['bridging', 'tree supports', 'the layer preview', 'arc moves', 'order totals', 'the colour picker', 'seam placement']
const AUTHORS = ['mira', 'jon', 'sefa', 'lou']
const LABELS = [['bug'], ['bug'], ['bug', 'ui'], ['feature'], ['ui'], ['accessibility'], ['bug', 'blocked'], ['question']]

const FIRST_DAY = -70
const LAST_DAY = 14

export function* generateHistory(): Generator<HistoryLine> {
  yield* repository('printverse/slicer', { commitsPerDay: 4, dice: createDice(17) })
  yield* repository('printverse/storefront', { commitsPerDay: 1, dice: createDice(23) })
}

function* repository(
  name: string,
  { commitsPerDay, dice }: { readonly commitsPerDay: number; readonly dice: Dice },
): Generator<HistoryLine> {
  let count = 0
  const number = (): number => {
    count += 1
    return count
  }
  for (let day = FIRST_DAY; day < LAST_DAY; day += 1) {
    const at = (): number => SEED_TODAY + day * DAY_MS + dice.whole(7 * 60, 19 * 60) * 60_000
    for (let left = dice.whole(0, 2 * commitsPerDay); left > 0; left -= 1) yield commit(name, at(), dice)
    if (dice.next() < 0.45) yield issue(name, number(), at(), dice)
    if (dice.next() < 0.3) yield pullRequest(name, number(), at(), dice)
    if (day % 21 === 0)
      yield { repository: name, kind: 'release', tag: `v1.${(day + 70) / 7}.0`, at: text(at()), isPrerelease: day % 2 !== 0 }
    if (day % 28 === 0) yield { repository: name, kind: 'milestone', title: `Sprint ${(day + 84) / 14}`, closedAt: text(at()) }
  }
}

function commit(repository: string, at: number, dice: Dice): HistoryLine {
  const files = [...new Set(Array.from({ length: dice.whole(1, 3) }, () => dice.pick(FILES)))]
  const page = dice.next() < 0.04 ? ['README.md'] : dice.next() < 0.1 ? ['docs/guide.md'] : []
  const sha = Array.from({ length: 7 }, () => dice.pick([...'0123456789abcdef'])).join('')
  const message = `${dice.pick(VERBS)} ${dice.pick(THINGS)}`
  return { repository, kind: 'commit', sha, at: text(at), author: dice.pick(AUTHORS), message, files: [...files, ...page] }
}

function issue(repository: string, number: number, at: number, dice: Dice): HistoryLine {
  const touchedAt = dice.next() < 0.5 ? [text(at + dice.whole(2, 200) * HOUR_MS)] : []
  const closedAt = dice.next() < 0.6 ? text(at + dice.whole(5, 400) * HOUR_MS) : null
  const title = `${dice.pick(THINGS)} ${dice.pick(['looks wrong', 'is slow', 'cannot be reached by keyboard', 'fails on large models'])}`
  return { repository, kind: 'issue', number, title, labels: dice.pick(LABELS), openedAt: text(at), touchedAt, closedAt }
}

function pullRequest(repository: string, number: number, at: number, dice: Dice): HistoryLine {
  const isReviewed = dice.next() < 0.6
  const isMerged = isReviewed && dice.next() < 0.85
  const reviewedAt = at + dice.whole(2, 60) * HOUR_MS
  return {
    repository,
    kind: 'pr',
    number,
    title: `${dice.pick(VERBS)} ${dice.pick(THINGS)}`,
    isDraft: dice.next() < 0.2,
    openedAt: text(at),
    touchedAt: dice.next() < 0.4 ? [text(at + dice.whole(1, 120) * HOUR_MS)] : [],
    reviewedAt: isReviewed ? [text(reviewedAt)] : [],
    mergedAt: isMerged ? text(reviewedAt + dice.whole(1, 30) * HOUR_MS) : null,
    closedAt: null,
  }
}

function text(at: number): string {
  return new Date(at).toISOString()
}
