/** Cuts the line at a call of the store, by name: in the proxy's eyes a call is the name of its prepared statement. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CutPoint, CutProxy } from '../servers/cut-proxy.ts'

/** A function of the schema. */
export type CalledFunction = 'schedules_register' | 'schedules_fire' | 'runs_enqueue' | 'runs_claim' | 'runs_renew' | 'runs_settle'

const PATIENCE_MS = 10_000

/** Resolves when the next call of `fn` is lost on its way (`request`), or the reply to it (`reply`). */
export async function loseCall(proxy: CutProxy, at: CutPoint['at'], fn: CalledFunction): Promise<void> {
  const patience = new AbortController()
  const tooLate = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`No call of ${fn} within ${PATIENCE_MS} ms. Does src/client still name its statements as this file does?`)
  })
  tooLate.catch(() => undefined)
  await Promise.race([proxy.cutAt({ at, containing: statementOf(fn) }), tooLate])
  patience.abort()
}

function statementOf(fn: CalledFunction): string {
  const text = `select "quarterjack".${fn}($1::text::json)::text`
  return `qj_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
}
