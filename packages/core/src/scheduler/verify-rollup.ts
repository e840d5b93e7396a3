/** `scheduler.rollups.verify`: clean windows are recomputed beside what the target holds. */
import type { Engine } from '../engine/engine.ts'
import { checkCount, checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { dueEdge, floorEdge } from '../rollup/due.ts'
import { readInstant } from '../rollup/read-instant.ts'
import type { Drift, Rollup, Verify, VerifyContext } from '../rollup/rollup.ts'
import type { Window } from '../rollup/windows.ts'
import type { Logger } from '../observe/logger.ts'
import type { Store } from '../store/store.ts'
import type { WindowRecord } from '../store/window-records.ts'
import { type Duration, parseDuration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'
import { windowsOf } from '../trigger/marker.ts'
import type { VerifyReport } from './rollups.ts'
import { transactionsOf } from './store-transactions.ts'

/** Windows of one range; longer ranges are to be verified piece by piece. */
const MOST_WINDOWS = 1_000_000
/** Records that one call lists. */
const PAGE = 5_000
/** Windows of one recomputation. */
const BATCH = 50
/** Rows that are told of. */
const MOST_DRIFT = 1_000

/** `from` or `last`; `to` is exclusive, and now by default. */
export interface VerifyRange {
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
  /** The last so long before `to`. */
  readonly last?: Duration | undefined
  readonly sample?: number | 'all' | undefined
}

export interface VerifyDeps {
  readonly store: Store
  readonly call: Engine['call']
  readonly storeNow: () => Promise<number>
  readonly logger: Logger
}

/** Throws `NotVerifiable` where the refresh cannot tell what should be there. */
export async function verifyRollup(rollup: Rollup, range: VerifyRange, deps: VerifyDeps): Promise<VerifyReport> {
  const { policy, name } = rollup
  const { verify } = policy.refresh
  if (verify === undefined) {
    throw new QuarterjackError(
      'NotVerifiable',
      `verify: the refresh of rollup "${name}" cannot tell what should be there: use sqlRollup(), or give the function a property verify.`,
    )
  }
  const found = await windowsToVerify(rollup, range, deps)
  const drift: Drift[] = []
  let checked = 0
  for (let at = 0; at < found.windows.length && drift.length <= MOST_DRIFT; at += BATCH) {
    const batch = found.windows.slice(at, at + BATCH)
    drift.push(...(await verify(requestOf(batch), contextOf(deps))))
    checked += batch.length
  }
  return { rollup: name, checked, leftOut: found.leftOut, drift: drift.slice(0, MOST_DRIFT), more: drift.length > MOST_DRIFT }
}

function requestOf(batch: readonly Window[]): Parameters<Verify>[0] {
  return {
    windows: batch.map(({ start, end }) => ({ start: new Date(start), end: new Date(end), removed: true })),
    from: new Date(batch.at(0)?.start ?? 0),
    to: new Date(batch.at(-1)?.end ?? 0),
  }
}

function contextOf({ store, logger }: VerifyDeps): VerifyContext {
  return { log: logger, readWith: transactionsOf(store, 'verify').readWith }
}

/** Clean windows of the range, a sample of them spread over it. */
async function windowsToVerify(
  { name, policy }: Rollup,
  range: VerifyRange,
  { call, storeNow }: VerifyDeps,
): Promise<{ readonly windows: readonly Window[]; readonly leftOut: number }> {
  checkNames(range, ['from', 'to', 'last', 'sample'], 'verify')
  const sample = range.sample === 'all' ? MOST_WINDOWS : checkCount(range.sample ?? 100, 'verify: sample', { least: 1, most: MOST_WINDOWS })
  if ((range.from === undefined) === (range.last === undefined)) {
    throw new QuarterjackError('InvalidOption', 'verify: give either from or last: where the range begins.')
  }
  const now = await storeNow()
  const instantOf = (instant: Instant, where: string): number => readInstant(policy.windows, instant, where)
  const end = range.to === undefined ? now : instantOf(range.to, 'verify: to')
  const start = range.from === undefined ? end - parseDuration(range.last ?? 0, 'verify: last', 1) : instantOf(range.from, 'verify: from')
  if (start >= end) {
    const shownEnd = range.to === undefined ? 'now' : shown(range.to)
    throw new QuarterjackError('InvalidOption', `verify: to: ${shownEnd} is not after from, ${shown(range.from)}.`)
  }
  const from = Math.max(start, floorEdge(policy, now))
  const to = Math.min(end, dueEdge(policy, now))
  const total = policy.windows.count(from, to, MOST_WINDOWS + 1)
  if (total > MOST_WINDOWS) {
    throw new QuarterjackError('InvalidOption', `verify: the range has more than ${MOST_WINDOWS} windows; verify it piece by piece.`)
  }
  const { states } = await call('windows.state', (store) => windowsOf(store).state({ rollups: [{ rollup: name, limit: 1 }] }))
  const watermark = states[0]?.record.watermark ?? Number.NEGATIVE_INFINITY
  const known = await recordsOf({ rollup: name, from, to }, call)
  const clean: Window[] = []
  let leftOut = 0
  for (const window of policy.windows.between(from, to)) {
    const record = known.get(window.start)
    const isRefreshed = window.end <= watermark || record?.complete === true
    if (isRefreshed && (record === undefined || (record.dirtySince === null && record.suspect === null))) clean.push(window)
    else leftOut++
  }
  return { windows: clean.length <= sample ? clean : spread(clean, sample), leftOut }
}

/** By their starts. A store never answers with more than a page. */
async function recordsOf(
  range: { readonly rollup: string; readonly from: number; readonly to: number },
  call: VerifyDeps['call'],
): Promise<ReadonlyMap<number, WindowRecord>> {
  const known = new Map<number, WindowRecord>()
  for (let from = range.from; ; ) {
    const { windows } = await call('windows.list', (store) => windowsOf(store).list({ ...range, from, limit: PAGE }))
    for (const record of windows) known.set(record.start, record)
    const last = windows.at(-1)
    if (last === undefined || windows.length < PAGE) return known
    from = last.start + 1
  }
}

function spread(windows: readonly Window[], count: number): readonly Window[] {
  return Array.from({ length: count }, (_, index) => windows[Math.floor((index * windows.length) / count)] as Window)
}
