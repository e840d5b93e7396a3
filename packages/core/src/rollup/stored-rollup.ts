/** From a rollup in code to what a store keeps of it, and back on nodes that may not know the code. */
import { createHash } from 'node:crypto'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { RollupRecord } from '../store/window-records.ts'
import type { RollupDefinition } from '../store/windows.ts'
import type { PlanningPolicy, Rollup } from './rollup.ts'
import { findWindows, type Windows } from './windows.ts'

/** What planning needs: windows and policy, from code or from the store. */
export interface Plannable {
  readonly windows: Windows
  readonly planning: PlanningPolicy
}

/** The definition as it is to be written, given the generation that was loaded. Equal code gives equal text, and an equal hash. */
export function definitionOf({ name, policy }: Rollup, expectedGeneration: number): RollupDefinition {
  const { windows, planning, sources, revision } = policy
  const edges = `${windows.grain.text} ${windows.zone.name}`
  const text = JSON.stringify(Object.entries(planning).sort(([a], [b]) => (a < b ? -1 : 1)))
  const hash = createHash('sha256')
    .update(JSON.stringify([edges, text, sources, ...(revision === null ? [] : [revision])]))
    .digest('hex')
    .slice(0, 16)
  return { rollup: name, hash, expectedGeneration, sources, edges, policy: text, startAt: planning.startAt }
}

const MOST_CACHED = 2_000
const cache = new Map<string, Plannable>()

/** What a stored rollup says. Throws `InvalidOption` for one that this version cannot understand: its marks must stay. */
export function readRollup({ rollup, edges, policy }: Pick<RollupRecord, 'rollup' | 'edges' | 'policy'>): Plannable {
  const key = `${edges}\n${policy}`
  let read = cache.get(key)
  if (read === undefined) {
    read = Object.freeze({ windows: readEdges(edges, rollup), planning: readPlanning(policy, rollup) })
    if (cache.size >= MOST_CACHED) cache.delete(cache.keys().next().value as string)
    cache.set(key, read)
  }
  return read
}

function readEdges(edges: string, rollup: string): Windows {
  const [grain = '', zone = ''] = edges.split(' ')
  try {
    return findWindows(grain, zone)
  } catch (error) {
    throw unreadable(rollup, edges, error)
  }
}

type Kinds = { readonly [Name in keyof PlanningPolicy]: 'number' | 'boolean' }

const FIELDS: Kinds = {
  startAt: 'number',
  graceMs: 'number',
  isLive: 'boolean',
  isComplete: 'boolean',
  lookback: 'number',
  latenessMs: 'number',
  retainMs: 'number',
  waitMs: 'number',
  maxWaitMs: 'number',
  paceShare: 'number',
  paceMostMs: 'number',
}

function readPlanning(text: string, rollup: string): PlanningPolicy {
  let fields: Readonly<Record<string, unknown>>
  try {
    fields = Object.fromEntries(JSON.parse(text) as [string, unknown][])
  } catch (error) {
    throw unreadable(rollup, text, error)
  }
  const fits = Object.entries(FIELDS).every(
    ([name, kind]) => typeof fields[name] === kind || (name === 'retainMs' && fields[name] === null),
  )
  // A field that is not known could change what is due.
  if (!fits || Object.keys(fields).length !== Object.keys(FIELDS).length) throw unreadable(rollup, text)
  return Object.freeze(fields) as unknown as PlanningPolicy
}

function unreadable(rollup: string, text: string, cause?: unknown): QuarterjackError {
  return new QuarterjackError(
    'InvalidOption',
    `The stored rollup "${rollup}" cannot be read (${text.slice(0, 200)}): a newer version may have written it. Define it again, or update this process.`,
    { cause },
  )
}
