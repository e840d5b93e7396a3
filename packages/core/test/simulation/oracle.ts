/** What handlers really did, written down by the handlers themselves: the judge of exclusion. */
import type { RunContext } from '../../src/job/job.ts'
import type { History } from './history.ts'
import type { RunsModel } from './model/runs.ts'
import type { OwnersModel } from './model/owners.ts'
import type { SimProcess } from './sim-process.ts'
import type { StoreTime } from './store-time.ts'

/** One execution of a handler, or of work under a lock. */
export interface Execution {
  readonly runId: string
  readonly job: string
  readonly key: string
  readonly fence: number
  readonly attempt: number
  readonly process: SimProcess
  /** The store may give what it holds to others; it has surely done so if somebody wants it. */
  readonly isLeaseOver: () => boolean
  readonly isLeaseSurelyOver: () => boolean
  /** On the timeline: its lease was granted at or after this. */
  readonly heldSince: number
  /** Gates that it must hold, with their limits. */
  readonly gates: readonly { readonly name: string; readonly limit: number }[]
  readonly sequence: number
  readonly startedAt: number
  /** Of payloads that merge. */
  readonly numbers: readonly number[]
  readonly signal: AbortSignal
  /** A handler that ignores abort frees its gates after the grace. */
  readonly releasedWhenStuck: boolean
  abortedAt: number | null
  endedAt: number | null
}

export interface Oracle {
  readonly executions: readonly Execution[]
  /** Executions that have not ended, of processes that live. */
  active(): readonly Execution[]
  begin(execution: Omit<Execution, 'sequence' | 'startedAt' | 'abortedAt' | 'endedAt'>): Execution
  end(execution: Execution): void
  /** Looks at everything that executes now: whoever lost its lease must have been told. */
  judgeTrust(): void
}

export interface OracleDeps {
  readonly history: History
  readonly now: () => number
  readonly sequence: () => number
  readonly storeTime: StoreTime
  readonly abortGraceMs: number
  readonly leaseMs: number
}

/** The code of a signal's reason. */
export function abortCode(signal: AbortSignal): string | null {
  return signal.aborted ? String((signal.reason as { code?: unknown } | null)?.code) : null
}

export function createOracle(deps: OracleDeps): Oracle {
  const { history } = deps
  const executions: Execution[] = []
  let active: Execution[] = []

  /** The store's clock leapt ahead within a lease: it takes leases away sooner than any process can know. */
  const leapt = (one: Execution): boolean => deps.storeTime.forwardSince(Math.max(one.heldSince, deps.now() - 2 * deps.leaseMs)) > 0

  /** True while nobody else may hold what it holds. */
  const isProtected = (one: Execution): boolean => {
    if (one.endedAt !== null || one.process.state === 'dead') return false
    const code = abortCode(one.signal)
    if (code === 'LeaseLost') return false
    const isOver = one.isLeaseOver()
    // A frozen process cannot abort anything, nor does it execute; a handler that ignores abort is on its own once the lease is over.
    if (isOver && (one.process.isFrozen || code !== null)) return false
    if (isOver && leapt(one)) return false
    // Clocks of processes are not exact.
    return !(one.releasedWhenStuck && one.abortedAt !== null && deps.now() >= one.abortedAt + deps.abortGraceMs * 0.999)
  }

  const judgeGates = (begun: Execution): void => {
    // Claimed by right, and overtaken on its way by a leap of the store's clock: as one that runs at a leap, it is beside its successor.
    if (begun.isLeaseOver() && leapt(begun)) return
    for (const { name, limit } of begun.gates) {
      const others = active.filter((one) => one !== begun && one.gates.some((gate) => gate.name === name) && isProtected(one))
      if (others.length < limit) continue
      const who = others.map((one) => `${one.runId} on ${one.process.name} since ${Math.round(one.startedAt)}`).join(', ')
      const invariant = name.startsWith('key:')
        ? 'overlap'
        : name.startsWith('mutex:') && begun.job === 'lock'
          ? 'lock-exclusive'
          : 'gate-limit'
      history.violate(invariant, `${name}: ${begun.runId} of ${begun.job} began on ${begun.process.name} beside ${who}`)
    }
    const twin = active.find((one) => one !== begun && one.runId === begun.runId && isProtected(one))
    if (twin !== undefined) {
      history.violate(
        'one-effective-attempt',
        `${begun.runId} of ${begun.job} began on ${begun.process.name} while it still runs on ${twin.process.name}`,
      )
    }
  }

  return {
    executions,
    active: () => active.filter(({ process }) => process.state !== 'dead'),
    begin(given) {
      const execution: Execution = { ...given, sequence: deps.sequence(), startedAt: deps.now(), abortedAt: null, endedAt: null }
      given.signal.addEventListener('abort', () => {
        execution.abortedAt = deps.now()
      })
      active = active.filter((one) => one.endedAt === null && one.process.state !== 'dead')
      judgeGates(execution)
      executions.push(execution)
      active.push(execution)
      return execution
    },
    end(execution) {
      execution.endedAt = deps.now()
    },
    judgeTrust() {
      for (const one of active) {
        if (one.endedAt !== null || one.signal.aborted || one.process.state === 'dead' || one.process.isFrozen || !one.isLeaseSurelyOver())
          continue
        if (leapt(one)) continue
        history.violate('trust', `${one.runId} of ${one.job} goes on at ${one.process.name} after its lease, and was not told`)
      }
    },
  }
}

/** Judges that a handler runs by right: its claim was recorded, for this process, and runs once. */
export function judgeStart(
  ctx: RunContext,
  process: SimProcess,
  deps: {
    readonly history: History
    readonly runs: RunsModel
    readonly owners: OwnersModel
    readonly storeTime: StoreTime
    readonly executions: readonly Execution[]
  },
): void {
  const { history, runs, executions, owners, storeTime } = deps
  const what = `run ${ctx.runId} of ${ctx.job} (fence ${ctx.fence})`
  const claim = runs.claim(ctx.runId, ctx.fence)
  if (claim === undefined) return history.violate('one-effective-attempt', `${what} began without a claim`)
  const { owner } = claim.record
  if (owner !== null && owners.isSurelyOver(owner, storeTime.now()) && storeTime.forwardSince(claim.at) === 0) {
    history.violate('one-effective-attempt', `${what} began on ${process.name} after the lease of its owner was over`)
  }
  if (claim.process !== process.name)
    history.violate('one-effective-attempt', `${what} began on ${process.name}, claimed by ${claim.process}`)
  if (executions.some((one) => one.runId === ctx.runId && one.fence === ctx.fence))
    history.violate('one-effective-attempt', `${what} began twice`)
  if (claim.record.attempt !== ctx.attempt)
    history.violate('one-effective-attempt', `${what} is told attempt ${ctx.attempt}, claimed as ${claim.record.attempt}`)
}
