/** The shipped history as it stands in the file, for tests that count for themselves. */
import { readFileSync } from 'node:fs'

export interface RawRecord {
  readonly repository: string
  readonly kind: string
  readonly number?: number
  readonly at?: string
  readonly tag?: string
  readonly isPrerelease?: boolean
  readonly labels?: readonly string[]
  readonly openedAt?: string
  readonly closedAt?: string | null
  readonly mergedAt?: string | null
}

const file = new URL('../../data/repositories.jsonl', import.meta.url)

export const rawHistory: readonly RawRecord[] = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as RawRecord)
