/** A pool of one session that tells how it carries out each statement, those within functions too. */
import { Pool } from 'pg'
import type { PoolSettings } from '../servers/database.ts'

/** One step of a plan, as `explain (analyze, buffers, format json)` writes it. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Alias?: string
  readonly 'Index Name'?: string
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly PlanNode[]
  readonly [fact: string]: unknown
}

/** A statement that was carried out. */
export interface Told {
  readonly text: string
  readonly plan: PlanNode
}

/** What a call took. */
export interface Heard<Result> {
  readonly result: Result
  /** Those within functions, each where it ended; the call itself is the last. */
  readonly statements: readonly Told[]
}

/** A session whose statements are heard while `hear` lasts. */
export interface ExplainedSession extends AsyncDisposable {
  /** For a store. */
  readonly pool: Pool
  hear<Result>(call: () => Promise<Result>): Promise<Heard<Result>>
}

// As notices, plans come back with the very call; in the server's log they would have to be found.
const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_buffers': 'on',
  'auto_explain.log_format': 'json',
  'auto_explain.log_level': 'notice',
}

/** The user must be a superuser; the server must have the extension module `auto_explain`, as those of all distributions do. */
export function openExplainedSession(poolSettings: PoolSettings): ExplainedSession {
  const options = Object.entries(SETTINGS)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
  const pool = new Pool({ ...poolSettings, max: 1, options })
  let heard: Told[] | null = null
  pool.on('connect', (client) => {
    client.on('notice', ({ message = '' }) => {
      if (message.includes('plan:')) heard?.push(read(message))
    })
  })
  return {
    pool,
    async hear(call) {
      heard = []
      try {
        const result = await call()
        return { result, statements: heard }
      } finally {
        heard = null
      }
    },
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

/** `duration: 0.1 ms  plan: {…}` */
function read(message: string): Told {
  const told = JSON.parse(message.slice(message.indexOf('{'))) as { readonly 'Query Text': string; readonly Plan: PlanNode }
  return { text: told['Query Text'], plan: told.Plan }
}
