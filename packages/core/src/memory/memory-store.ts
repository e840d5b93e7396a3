/**
 * The memory store: the whole contract of `store/` in one process, and the reference for adapters.
 *
 * Every verb is one synchronous step over plain rows, so each is atomic by itself. From the bottom up:
 * `heap`, `chain`, `sorted-log`, `expiring-map`, `due-heap`, `schedule-table` keep things in order;
 * `rows`, `state` say what is kept; `run-index`, `gates`, `history` keep runs where claims, limits and pruning
 * find them; the other files are named after the verbs they carry out. What rollups need stands apart in the same way: `window-rows`,
 * `window-tables` say what is kept, `window-state`, `backfill-rows` how it changes, `windows-part` which file has which verb.
 */
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Store, StoreCapabilities } from '../store/store.ts'
import { systemClock, type Clock } from '../time/clock.ts'
import { cancelRuns } from './cancel.ts'
import { claim } from './claim.ts'
import { due } from './due.ts'
import { enqueue } from './enqueue.ts'
import { fire } from './fire.ts'
import { acquire, releaseLeases, renewLeases, withdrawBids } from './leases.ts'
import { countSkips, readLedger } from './ledger.ts'
import { getSchedules, listSchedules } from './list-schedules.ts'
import { prune } from './prune.ts'
import { findRuns, getRuns, listGates } from './queries.ts'
import { load, register } from './register.ts'
import { held, leave, renew } from './renew.ts'
import { quarantine, removeSchedules, retire } from './retire.ts'
import { releaseHeldGates, settle } from './settle.ts'
import { createState, type MemoryState } from './state.ts'
import { stats } from './stats.ts'
import { suspend } from './suspend.ts'
import { windowsPart } from './windows-part.ts'
import { setSchedules } from './write-schedule.ts'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** The store's clock. Default: the process's own. */
  readonly clock?: Clock
}

const CAPABILITIES: StoreCapabilities = {
  shared: false,
  durable: false,
  transactions: false,
  hints: true,
  windows: true,
  looksAhead: true,
}

/**
 * A store that lives and dies with the process: for tests, for development, and for work that may be forgotten.
 * Schedulers that share it must share the object. Opening it with `NODE_ENV=production` emits a process warning.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkNames(options, ['clock'], 'memoryStore')
  const state = createState(options.clock ?? systemClock)
  let isClosed = false
  let hasWarned = false

  const checkOpen = (): void => {
    if (isClosed)
      throw new QuarterjackError('StoreClosed', 'The memory store is closed. Call open() to use it again; it still holds what it held.')
  }

  /** A verb as callers see it: it throws once the store is closed, and has taken effect when it returns. */
  const verb =
    <Request, Reply>(step: (state: MemoryState, request: Request) => Reply) =>
    async (request: Request): Promise<Reply> => {
      checkOpen()
      return step(state, request)
    }

  return {
    name: 'memory',
    capabilities: CAPABILITIES,
    async open() {
      isClosed = false
      if (hasWarned || process.env.NODE_ENV !== 'production') return
      hasWarned = true
      process.emitWarning('The memory store forgets everything when the process ends, and shares nothing with other processes.', {
        type: 'QuarterjackWarning',
        code: 'QUARTERJACK_MEMORY_STORE',
        detail: 'In production, use a durable store such as pgStore() or redisStore().',
      })
    },
    async close() {
      isClosed = true
    },
    async now() {
      checkOpen()
      return state.clock.now()
    },
    watch(listener) {
      checkOpen()
      return state.hints.watch(listener)
    },
    schedules: {
      load: verb(load),
      register: verb(register),
      due: verb(due),
      fire: verb(fire),
      set: verb(setSchedules),
      remove: verb(removeSchedules),
      get: verb(getSchedules),
      list: verb(listSchedules),
      suspend: verb(suspend),
      quarantine: verb(quarantine),
      retire: verb(retire),
      ledger: verb(readLedger),
      countSkips: verb(countSkips),
    },
    runs: {
      enqueue: verb(enqueue),
      claim: verb(claim),
      renew: verb(renew),
      leave: verb(leave),
      held: verb(held),
      settle: verb(settle),
      releaseGates: verb(releaseHeldGates),
      get: verb(getRuns),
      find: verb(findRuns),
      cancel: verb(cancelRuns),
      stats: verb(stats),
      prune: verb(prune),
      gates: verb(listGates),
    },
    leases: {
      acquire: verb(acquire),
      renew: verb(renewLeases),
      release: verb(releaseLeases),
      withdraw: verb(withdrawBids),
    },
    windows: windowsPart(verb),
  }
}
