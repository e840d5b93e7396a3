/** Housekeeping: history is pruned, definitions that lost their place are looked at again. */
import type { Logger } from '../observe/logger.ts'
import type { KeepRule } from '../store/runs.ts'
import type { Clock, TimerHandle } from '../time/clock.ts'
import { SLOW_POLL_MS } from './keep-alive.ts'
import type { StoreLink } from './store-link.ts'

/** Records deleted per call, and calls per round: a backlog is worked off over rounds. */
const PRUNE_LIMIT = 1_000
const PRUNE_CALLS = 10

/** Between two rounds while a backlog is left. */
const BACKLOG_MS = 1_000

/** Another process may have replaced a definition since this one registered it: looked at every so many rounds. */
const LOOK_ROUNDS = 10

/** An idle process prunes by age only now and then; and seldom where nobody writes. */
const AGE_ROUNDS = 20
const STILL_AGE_ROUNDS = 240

/** Least time for which triggered runs are spared after their end. */
const MIN_GRACE_MS = 60_000

/**
 * For how long pruning by count spares runs that were triggered: beyond all tries of the call that asked for them, which would
 * make them again. Twice that, since a try that was given up may still arrive; at least a minute.
 */
export function pruneGrace(longestCallMs: number): number {
  return Math.max(MIN_GRACE_MS, 2 * longestCallMs)
}

export interface MaintainDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly link: StoreLink
  readonly logger: Logger
  readonly rules: () => readonly KeepRule[]
  /** See {@link pruneGrace}. */
  readonly graceMs: number
  /** Looks at the definitions in the store; those that are not current are registered again when their successor is gone. */
  readonly registerAgain: () => Promise<void>
  /** Some are known not to be current. */
  readonly wantsRegistration: () => boolean
}

export interface Maintenance {
  start(): void
  /** A run was settled: there may be something to prune. */
  note(): void
  /** The store was written to, or may have been. */
  stir(): void
  /** One round, now. */
  round(): Promise<void>
  stop(): Promise<void>
}

export function createMaintenance(deps: MaintainDeps): Maintenance {
  let running = false
  let settledSince = 1
  /** Runs were settled since the last pass; and, monotonic, when those that it may have spared can go. */
  let mayBeSpared = false
  let spareEndsAt = Number.POSITIVE_INFINITY
  let quietRounds = 0
  let roundsSinceLook = 0
  let isStirred = true
  let isBehind = false
  let timer: TimerHandle | null = null
  let working: Promise<void> | null = null

  const prune = async (): Promise<void> => {
    const { graceMs } = deps
    const rules = deps.rules()
    if (rules.length === 0) return
    settledSince = 0
    isBehind = false
    spareEndsAt = mayBeSpared ? deps.clock.monotonic() + graceMs : Number.POSITIVE_INFINITY
    mayBeSpared = false
    for (let call = 0; call < PRUNE_CALLS && running; call++) {
      const { more } = await deps.link.call('runs.prune', (store) => store.runs.prune({ rules, limit: PRUNE_LIMIT, graceMs }))
      if (!more) return
    }
    settledSince = 1
    isBehind = true
  }

  const round = async (): Promise<void> => {
    try {
      if (deps.wantsRegistration() || (++roundsSinceLook >= LOOK_ROUNDS && isStirred)) {
        roundsSinceLook = 0
        isStirred = false
        await deps.registerAgain()
      }
      if (settledSince > 0 || deps.clock.monotonic() >= spareEndsAt || ++quietRounds >= (isStirred ? AGE_ROUNDS : STILL_AGE_ROUNDS)) {
        quietRounds = 0
        await prune()
      }
    } catch (error) {
      settledSince = 1
      isBehind = false
      isStirred = true
      deps.logger.warn({ err: error }, 'housekeeping failed; it is tried again')
    }
  }

  const arm = (): void => {
    if (!running) return
    timer = deps.clock.setTimer(
      () => {
        timer = null
        working = round().finally(() => {
          working = null
          arm()
        })
      },
      (isBehind ? BACKLOG_MS : SLOW_POLL_MS) * (0.75 + deps.random() / 2),
    )
  }

  return {
    round,
    note() {
      settledSince++
      mayBeSpared = true
    },
    stir() {
      isStirred = true
    },
    start() {
      running = true
      arm()
    },
    async stop() {
      running = false
      if (timer !== null) deps.clock.clearTimer(timer)
      timer = null
      await working
    },
  }
}
