/** A line to Postgres. In the proxy's eyes a call of the store is the name of its prepared statement. */
import { createHash } from 'node:crypto'
import { untilLost, type Call, type Line } from '@quarterjack/fault-kit/line'
import { startCutProxy } from '../servers/cut-proxy.ts'

/** Leads to the database that `url` names. */
export async function openLine(url: string): Promise<Line> {
  const proxy = await startCutProxy(url)
  let cuts = 0
  return {
    url: proxy.url,
    cutEachMs: 60,
    cut() {
      proxy.cut(cuts % 4 === 0 ? 'all' : cuts % 2 === 0 ? 'oldest' : 'newest')
      cuts++
    },
    loseCall: (at, call) => untilLost(call, proxy.cutAt({ at, containing: statementOf(call) })),
    blackhole: (direction) => proxy.blackhole(direction),
    heal: () => proxy.heal(),
    [Symbol.asyncDispose]: () => proxy.close(),
  }
}

/** Calls that go out as texts, not as JSON. */
const TEXTS: Partial<Record<Call, string>> = {
  runsClaim: 'select "quarterjack".runs_claim_one($1::text, $2::text, $3::text, $4::text, $5::text)',
}

function statementOf(call: Call): string {
  const fn = call.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const text = TEXTS[call] ?? `select "quarterjack".${fn}($1::text::json)::text`
  return `qj_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
}
