/** What each hot verb reads, in one session. */
import { pgStore } from '../../src/pg-store.ts'
import type { PoolSettings } from '../servers/database.ts'
import { type ExplainedSession, openExplainedSession, type PlanNode, type Told } from './explained-session.ts'
import { playRound } from './hot-verbs.ts'

/** Of one verb, over some rounds. */
export interface Measured {
  /** Pages that a call touched, in memory or not: the middle of the rounds. */
  readonly pages: number
  /** Rows that steps of its plans looked at, found or left out: the middle of the rounds. */
  readonly rows: number
  /** Statements of the last round. */
  readonly statements: readonly Told[]
}

/** By the name of the verb, in the order of the calls. */
export type MeasuredVerbs = ReadonlyMap<string, Measured>

/** Rounds are counted over all sessions that look at one database. */
export interface Rounds {
  next: number
  /** How many a look takes. Default 6. */
  readonly perLook?: number
}

const PER_LOOK = 6

/** Plays some rounds in `session`. The first makes the plans of the session, if it is a fresh one, and does not count. */
export async function measureVerbs(session: ExplainedSession, rounds: Rounds): Promise<MeasuredVerbs> {
  const store = pgStore({ pool: session.pool, hints: false })
  await store.open()
  const heard = new Map<string, (readonly Told[])[]>()
  for (let left = rounds.perLook ?? PER_LOOK; left > 0; left--) {
    await playRound(store, rounds.next++, async (verb, call) => {
      const { result, statements } = await session.hear(call)
      heard.set(verb, [...(heard.get(verb) ?? []), statements])
      return result
    })
  }
  await store.close()
  return new Map([...heard].map(([verb, calls]) => [verb, summed(calls.slice(1))]))
}

function summed(calls: readonly (readonly Told[])[]): Measured {
  return {
    pages: middleOf(calls.map((statements) => pagesOf(statements.at(-1)?.plan))),
    rows: middleOf(calls.map((statements) => statements.reduce((sum, { plan }) => sum + rowsOf(plan), 0))),
    statements: calls.at(-1) ?? [],
  }
}

/** The same in a session of its own. */
export async function measureAfresh(poolSettings: PoolSettings, rounds: Rounds): Promise<MeasuredVerbs> {
  await using session = openExplainedSession(poolSettings)
  return await measureVerbs(session, rounds)
}

/** Of the step and all below it. */
export function pagesOf(plan: PlanNode | undefined): number {
  return plan === undefined ? 0 : plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}

/** Rows that scans of it looked at, whether they were wanted or not. */
export function rowsOf(plan: PlanNode): number {
  return stepsOf(plan)
    .filter((step) => step['Relation Name'] !== undefined && step['Node Type'].includes('Scan'))
    .reduce(
      (sum, step) => sum + Number(step['Actual Loops']) * (Number(step['Actual Rows']) + Number(step['Rows Removed by Filter'] ?? 0)),
      0,
    )
}

/** The statements of a call that read most, one per line, for messages. */
export function worstOf(statements: readonly Told[]): string {
  const told = ({ text, plan }: Told): string =>
    `  ${rowsOf(plan)} rows, ${pagesOf(plan)} pages: ${text.trim().replaceAll(/\s+/g, ' ').slice(0, 200)}`
  const within = statements.slice(0, -1).toSorted((a, b) => pagesOf(b.plan) - pagesOf(a.plan))
  return within.slice(0, 3).map(told).join('\n')
}

/** Every step of a plan, from the top. */
export function stepsOf(plan: PlanNode): readonly PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(stepsOf)]
}

function middleOf(counts: readonly number[]): number {
  return counts.toSorted((a, b) => a - b)[Math.floor(counts.length / 2)] ?? 0
}
