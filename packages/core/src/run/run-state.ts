/** The life of a run: its states, and the one table by which they change. */

/** Where a run stands. The last four are terminal. */
export type RunState = 'pending' | 'waiting' | 'running' | 'succeeded' | 'dead' | 'cancelled' | 'skipped'

/** Why a slot or a run was skipped. */
export type SkipReason = 'overlap' | 'misfire' | 'suspended' | 'superseded' | 'limit' | 'excluded' | 'handler' | 'lost'

/** How one execution ended. */
export type AttemptOutcome = 'succeeded' | 'failed' | 'timedOut' | 'abandoned' | 'crashed' | 'cancelled' | 'released'

/** What made a run. `schedule` alone marks the ledger record of a slot. */
export type TriggerKind = 'schedule' | 'manual' | 'debounce' | 'start' | 'after' | 'replay'

/** What can happen to a run. */
export type RunAction =
  | 'claim' // an owner took it, gates included
  | 'block' // one of its gates is full
  | 'promote' // a gate it waited at has room again
  | 'succeed'
  | 'retry' // failed, with a later runAt
  | 'release' // given back unfinished by a clean owner
  | 'abandon' // its owner died
  | 'die'
  | 'cancel'
  | 'skip'

/** Every legal change; anything else is refused. Drawn in `docs/run-states.md`. */
export const RUN_TRANSITIONS: Readonly<Record<RunState, Readonly<Partial<Record<RunAction, RunState>>>>> = {
  pending: { claim: 'running', block: 'waiting', cancel: 'cancelled', skip: 'skipped', die: 'dead' },
  waiting: { promote: 'pending', cancel: 'cancelled', skip: 'skipped' },
  running: {
    succeed: 'succeeded',
    retry: 'pending',
    release: 'pending',
    abandon: 'pending',
    die: 'dead',
    cancel: 'cancelled',
    skip: 'skipped',
  },
  succeeded: {},
  dead: {},
  cancelled: {},
  skipped: {},
}

/** The state after `action`, or `null` when the table forbids it. */
export function nextRunState(state: RunState, action: RunAction): RunState | null {
  return RUN_TRANSITIONS[state][action] ?? null
}

/** True when the run will not change any more. */
export function isTerminal(state: RunState): boolean {
  return state === 'succeeded' || state === 'dead' || state === 'cancelled' || state === 'skipped'
}

/** The terminal states, in the order that reports show them. */
export const TERMINAL_STATES: readonly RunState[] = ['succeeded', 'dead', 'cancelled', 'skipped']
