/** Faults put into the engine on purpose, each as an exact change of its source: a simulation worth its name finds them. */

/** In `file` (below `src`), `find`, which occurs once, becomes `replace`. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  /** What is wrong, in words. */
  readonly name: string
  readonly edits: readonly Edit[]
}

const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace })

/** The faults that any change to the engine must not bring back unnoticed. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'fence check removed',
    edits: [
      edit(
        'memory/renew.ts',
        'row !== undefined && owner !== undefined && row.owner === owner && row.fence === fence ? row : null',
        "row !== undefined && row.state === 'running' && fence > 0 ? row : null",
      ),
    ],
  },
  {
    name: 'slot advanced before insert',
    edits: [
      edit(
        'memory/fire.ts',
        "  return { status: 'fired', runs: firing.runs.map(",
        "  if (state.now % 7 === 0) throw new Error('the connection ended between the two writes')\n  return { status: 'fired', runs: firing.runs.map(",
      ),
    ],
  },
  {
    name: 'abandoned run not retried',
    edits: [edit('memory/take-over.ts', "    changeState(row, 'abandon')\n    placeRun(state, row)", "    changeState(row, 'abandon')")],
  },
  {
    name: 'debounce drops a trigger that arrives while running',
    edits: [
      edit(
        'memory/debounce.ts',
        '  if (!options.leading) return create(state.now + options.waitMs, merging)',
        "  if (open === null && job.running > 0) return { outcome: 'dropped', id: job.lastRun?.id ?? request.id }\n  if (!options.leading) return create(state.now + options.waitMs, merging)",
      ),
    ],
  },
  {
    name: 'a cursor goes back',
    edits: [
      edit('memory/schedule-records.ts', 'const cursor = Math.max(job.schedules.cursor(row), to.cursor)', 'const cursor = to.cursor'),
      edit('memory/write-schedule.ts', 'moveCursor(job, row, { cursor: write.asOf,', 'moveCursor(job, row, { cursor: write.asOf - 20_000,'),
    ],
  },
  {
    name: 'overlap ignored',
    edits: [edit('trigger/gates-of.ts', "  if (overlap !== 'allow') gates.push(keyGate(policy.name, key))\n", '')],
  },
  {
    name: 'a gate counted instead of held',
    edits: [
      edit(
        'memory/gates.ts',
        'gate !== undefined && gate.held >= gate.limit) full = gate',
        "gate !== undefined && [...state.runs.values()].filter((one) => one.state === 'running' && one.gates.includes(name)).length >= gate.limit) full = gate",
      ),
    ],
  },
  {
    name: 'catch-up unbounded',
    edits: [
      edit('schedule/catch-up-from.ts', 'oldestOf(facts, 1, null)', 'oldestOf(facts, 1_000, null)'),
      edit('schedule/catch-up-from.ts', 'oldestOf(facts, rule.limit, rule.withinMs)', 'oldestOf(facts, 1_000, null)'),
    ],
  },
  {
    name: 'renewal trusts a late reply',
    edits: [edit('engine/owner.ts', 'trustedUntil(startedAt, leaseMs)', 'trustedUntil(startedAt > 0 ? clock.monotonic() : 0, leaseMs)')],
  },
  {
    name: 'superseded generation wins',
    edits: [
      edit(
        'engine/plan-registration.ts',
        "if (record?.superseded.includes(hash) && record.declared.includes(record.hash)) return { kind: 'superseded' }",
        '',
      ),
    ],
  },
  {
    name: 'settle not idempotent',
    edits: [edit('memory/settle.ts', 'row !== null || wasSettledSo(state, settlement)', 'row !== null')],
  },
  {
    name: 'pruned records not folded',
    edits: [edit('memory/prune.ts', '  ledger.folded[outcome] = (ledger.folded[outcome] ?? 0) + count\n', '')],
  },
]

/** More of them, at every seam that the simulation watches. */
export const MORE_MUTANTS: readonly Mutant[] = [
  {
    name: 'an open run takes triggers in after its claim',
    edits: [edit('memory/claim.ts', '  closeRun(row)\n', '')],
  },
  {
    name: 'trust runs out and nothing is aborted',
    edits: [edit('engine/keep-alive.ts', ' : abortAll(owner.id))', ' : undefined)')],
  },
  {
    name: 'an expired owner is revived',
    edits: [
      edit(
        'memory/take-over.ts',
        'if (owner.expiresAt <= state.now) takeOver(state, owner)',
        'if (owner.expiresAt <= state.now - 60_000) takeOver(state, owner)',
      ),
    ],
  },
  {
    name: 'leases end early',
    edits: [
      edit(
        'memory/take-over.ts',
        'if (owner.expiresAt <= state.now) takeOver(state, owner)',
        'if (owner.expiresAt <= state.now + 1_500) takeOver(state, owner)',
      ),
    ],
  },
  {
    name: 'every owner that dies counts as a crash of its runs',
    edits: [edit('memory/take-over.ts', 'row.started && row.suspect && !owner.survived', 'row.started && !owner.survived')],
  },
  {
    name: 'a clean stop burns the attempt',
    edits: [edit('memory/renew.ts', '    takeAttemptBack(row)\n    giveBack(state, row)', '    giveBack(state, row)')],
  },
  {
    name: 'a retry too many',
    edits: [edit('engine/classify-ending.ts', 'failures > policy.retry.retries', 'failures > policy.retry.retries + 1')],
  },
  {
    name: 'store calls have no deadline',
    edits: [edit('time/deadline.ts', '() => reject(otherwise.late())', '() => undefined')],
  },
  {
    name: 'the loop dies of an error',
    edits: [
      edit(
        'engine/loop.ts',
        '        failures++\n        deps.logger.warn',
        '        failures++\n        running = false\n        deps.logger.warn',
      ),
    ],
  },
  {
    name: 'claims whose reply was lost are never found',
    edits: [edit('engine/orphans.ts', '      if (isSearching || (', '      if (doubt >= 0 || isSearching || (')],
  },
  {
    name: 'gates of a stuck handler are released',
    edits: [
      edit(
        'engine/execute.ts',
        "const holdsOn = ending.kind === 'stuck' && execution.policy.onStuck === 'hold'",
        "const holdsOn = ending.kind === 'stuck' && false",
      ),
    ],
  },
  {
    name: 'a changed schedule fires in retrospect',
    edits: [
      edit(
        'engine/plan-registration.ts',
        'nextFiringSlot(spec, facts.functions, facts.asOf)',
        'nextFiringSlot(spec, facts.functions, facts.asOf - 60_000)',
      ),
    ],
  },
  {
    name: 'slots fire early',
    edits: [edit('memory/due.ts', 'state.now + (request.aheadMs ?? 0)', 'state.now + (request.aheadMs ?? 3_000)')],
  },
  {
    name: 'slots are given up too soon',
    edits: [edit('schedule/plan-slots.ts', 'slot, next) > misfireAfterMs', 'slot, next) > 0 * misfireAfterMs')],
  },
  {
    name: 'a suspended job is claimed',
    edits: [edit('memory/run-index.ts', 'const isHeldBack = job.suspended !== null || ', 'const isHeldBack = ')],
  },
  {
    name: 'rate limits are ignored',
    edits: [
      edit(
        'memory/run-index.ts',
        'if (rateLimit === null || rate.used < rateLimit.max) return',
        'if (rateLimit === null || rate.used >= 0) return',
      ),
    ],
  },
  {
    name: 'idempotency keys are forgotten',
    edits: [
      edit(
        'memory/enqueue.ts',
        'const first = idempotency === undefined ? undefined :',
        'const first = idempotency !== undefined ? undefined :',
      ),
    ],
  },
  {
    name: 'fences follow a clock that goes back',
    edits: [
      edit(
        'memory/state.ts',
        'Math.max(state.fence + 1, Math.floor(state.now * 1_000), seenFence + 1)',
        'Math.floor(state.now * 1_000) + (state.fence++ % 1_000) + 0 * seenFence',
      ),
    ],
  },
  {
    name: 'a cancelled run is claimed again',
    edits: [
      edit('memory/settle.ts', "      if (row.cancelRequested !== null) return finish(state, row, 'cancel', row.cancelRequested)\n", ''),
    ],
  },
]
