/** The judge of histories sees what must not be. */
import { describe, expect, it } from 'vitest'
import type { Audit, MarkEvent, WindowEvent, WindowRow } from './audit.ts'
import { judge, type Policies } from './judge.ts'

const policies: Policies = {
  fine: { startAt: 0, grainMs: 1_000, graceMs: 0, lookback: 0, isLive: false, isComplete: true, sources: { calls: 'calls' } },
}

const CLEAN: WindowRow = {
  ...{ seq: 0, dirty_since: null, complete: false, refreshed_at: null, error: null, backfill_id: null, run_id: null, fence: 0 },
  taken_due: false,
}
const DIRTY = { seq: 1, dirty_since: 5_000 }
const HELD = { run_id: 'a', fence: 1, taken_due: true }
const DONE = { dirty_since: null, run_id: null, fence: 0, refreshed_at: 6_000, complete: true }

/** What happens to window [1000, 2000), in transactions 1, 2, …; each change is on top of the ones before. */
function windows(...changes: readonly (Partial<WindowRow> | null)[]): readonly WindowEvent[] {
  let was: WindowRow | null = null
  return changes.map((change, index) => {
    const now: WindowRow | null = change === null ? null : { ...(was ?? CLEAN), ...change }
    const event = { xid: String(index + 1), at: 5_000 + index, rollup: 'fine', start: 1_000, end: 2_000, was, now }
    was = now
    return event
  })
}

const marked = (xid: string, op: MarkEvent['op'] = 'out'): MarkEvent => ({ xid, at: 9_000, op, source: 'calls', from: 1_500, to: 1_501 })

function judged(events: readonly WindowEvent[], more: Partial<Audit> = {}): readonly string[] {
  const dirtied = events.filter(({ was, now }) => (now?.seq ?? 0) > (was?.seq ?? 0))
  const refreshed = events
    .filter(({ was, now }) => was?.run_id != null && now?.run_id === null && now.error === null)
    .map(({ xid, rollup, start }) => ({ xid, rollup, starts: [start] }))
  const audit: Audit = {
    windows: events,
    marks: dirtied.map(({ xid }) => marked(xid)),
    touched: new Map(),
    refreshed,
    backfills: new Map(),
    ...more,
  }
  return judge(audit, policies, { beganIn: new Set() }).violations
}

describe('the judge of histories', () => {
  it('lets pass a window that was marked, refreshed, and forgotten', () => {
    expect(judged(windows(DIRTY, HELD, DONE, null))).toEqual([])
  })

  it('lets pass a window whose holder was replaced, or failed', () => {
    expect(judged(windows(DIRTY, HELD, { run_id: 'b', fence: 2 }, DONE))).toEqual([])
    expect(judged(windows(DIRTY, HELD, { run_id: null, error: {} }, { ...HELD, error: null }, DONE))).toEqual([])
  })

  it('lets pass a claim that is repeated, with what was marked before that', () => {
    expect(judged(windows(DIRTY, HELD, { seq: 2 }, {}, DONE))).toEqual([])
  })

  it('sees a refresh of what is clean', () => {
    expect(judged(windows(DIRTY, HELD, DONE, HELD, DONE))).toEqual([expect.stringContaining('was claimed for no reason')])
    expect(judged(windows(DIRTY, HELD, DONE, null, HELD))).toEqual([expect.stringContaining('was claimed for no reason')])
    expect(judged(windows(HELD))).toEqual([expect.stringContaining('was claimed for no reason')])
  })

  it('sees what was dirtied without a mark, and a mark without a change', () => {
    expect(judged(windows(DIRTY), { marks: [] })).toEqual([expect.stringContaining('no mark of it was digested')])
    expect(judged([], { marks: [marked('7', 'in')] })).toEqual([expect.stringContaining('did not change')])
    const touched = new Map([['calls 7', [{ from: 1_000, to: 2_000 }]]])
    expect(judged([], { marks: [marked('7', 'in')], touched })).toEqual([])
  })

  it('sees that a mark is forgotten', () => {
    const later = { seq: 2 }
    expect(judged(windows(DIRTY, HELD, later, DONE))).toEqual([expect.stringContaining('a mark came after its refresh had begun')])
    expect(judged([], { marks: [marked('1')] })).toEqual([expect.stringContaining('was not dirtied by its mark')])
    expect(judged(windows(DIRTY, null))).toEqual([expect.stringContaining('was forgotten while it was dirty')])
  })

  it('sees stamps beside their backfill, and twice', () => {
    const backfills = new Map([['b', { rollup: 'fine', from: 0, to: 2_000 }]])
    expect(judged(windows({ backfill_id: 'b' }, HELD, { ...DONE, backfill_id: null }), { backfills })).toEqual([])
    expect(judged(windows({ backfill_id: 'b' }))).toEqual([expect.stringContaining('does not reach it')])
    expect(judged(windows({ backfill_id: 'b' }, { backfill_id: null }, { backfill_id: 'b' }), { backfills })).toEqual([
      expect.stringContaining('was stamped twice'),
    ])
  })

  it('sees that something else was refreshed than what was recorded', () => {
    const refreshed = [{ xid: '3', rollup: 'fine', starts: [1_000, 2_000] }]
    expect(judged(windows(DIRTY, HELD, DONE), { refreshed })).toEqual([expect.stringContaining('and recorded')])
  })
})
