/** What the calls that took effect say about runs: who claimed what, and how it was settled. */
import type { ClaimedRun } from '../../../src/store/claim-at-once.ts'
import type { EnqueueReply, SettleReply, Settlement, RenewReply, RenewRequest } from '../../../src/store/runs.ts'
import type { RunRecord } from '../../../src/store/records.ts'
import type { FireReply, Firing } from '../../../src/store/schedules.ts'
import { isTerminal } from '../../../src/run/run-state.ts'
import type { Commit } from '../faulty-store.ts'
import type { History } from '../history.ts'
import type { FencesModel } from './fences.ts'
import { claimsOf, type OwnersModel } from './owners.ts'

export interface ClaimFacts {
  readonly record: RunRecord
  readonly process: string
  /** On the timeline. */
  readonly at: number
  /** Position in the order of everything. */
  readonly sequence: number
  /** The store knows that it began. */
  started: boolean
  /** `unclear`: its owner left when its lease was over already. */
  closed: { readonly settlement: Settlement } | 'left' | 'unclear' | null
}

export interface RunFacts {
  readonly id: string
  readonly job: string
  readonly createdAt: number
  readonly claims: ClaimFacts[]
  /** Failed and timed out attempts that were settled. */
  failures: number
  /** Known final state. */
  terminal: string | null
  /** It is dead, since its owners died while it was their only suspect. */
  crashed: boolean
  pruned: boolean
  /** It ran when somebody cancelled it: its attempt is the last. */
  cancelRequested: boolean
}

export interface RunsModel {
  take(commit: Commit): void
  /** A look at the store's own records. */
  see(records: readonly RunRecord[]): void
  /** They are no longer kept. */
  prune(ids: readonly string[]): void
  get(id: string): RunFacts | undefined
  claim(id: string, fence: number): ClaimFacts | undefined
  all(): Iterable<RunFacts>
}

export interface RunsModelDeps {
  readonly history: History
  readonly owners: OwnersModel
  readonly fences: FencesModel
  readonly now: () => number
  readonly sequence: () => number
  /** Retries that the job's policy allows. */
  readonly retriesOf: (job: string) => number
  readonly isSuspended: (job: string) => boolean
}

export function createRunsModel(deps: RunsModelDeps): RunsModel {
  const { history, owners } = deps
  const runs = new Map<string, RunFacts>()

  const obtain = (id: string, job: string): RunFacts => {
    let run = runs.get(id)
    if (run === undefined) {
      run = {
        id,
        job,
        createdAt: deps.now(),
        claims: [],
        failures: 0,
        terminal: null,
        crashed: false,
        pruned: false,
        cancelRequested: false,
      }
      runs.set(id, run)
    }
    return run
  }

  const onClaim = ({ record, started }: ClaimedRun, { process, storeNow }: Commit): void => {
    const run = obtain(record.id, record.job)
    const what = `run ${record.id} of ${record.job}`
    const previous = run.claims.at(-1)
    deps.fences.grow(record.fence, what)
    if (record.runAt > storeNow) history.violate('not-before-due', `${what} was claimed at ${storeNow}, due at ${record.runAt}`)
    if (run.terminal !== null) history.violate('terminal-is-final', `${what} was claimed although it was ${run.terminal}`)
    if (run.cancelRequested) history.violate('cancel-holds', `${what} was claimed again after its cancel was requested`)
    if (deps.isSuspended(record.job)) history.violate('suspended-stands-still', `${what} was claimed while the job was suspended`)
    if (record.owner === null || owners.isSurelyOver(record.owner, storeNow)) {
      history.violate('one-effective-attempt', `${what} was claimed by owner ${record.owner}, whose lease is over`)
    }
    if (record.open) history.violate('debounce-one-more', `${what} was claimed and still takes triggers in`)
    if (previous !== undefined) {
      if (previous.closed === null && !owners.isOver(String(previous.record.owner), storeNow)) {
        history.violate('one-effective-attempt', `${what} was claimed by ${process.name} while ${previous.process} held a valid lease`)
      }
      checkNumbers(run, previous, record, what)
    } else if (record.attempt !== 1) history.violate('clean-stop-burns-nothing', `${what} began with attempt ${record.attempt}`)
    run.claims.push({ record, process: process.name, at: deps.now(), sequence: deps.sequence(), started, closed: null })
  }

  const checkNumbers = (run: RunFacts, previous: ClaimFacts, record: RunRecord, what: string): void => {
    const { closed } = previous
    const gaveBack = closed === 'left' || (typeof closed === 'object' && closed?.settlement.then.to === 'released')
    const expected = previous.record.attempt + (gaveBack || (closed === null && !previous.started) ? 0 : 1)
    if (record.attempt !== expected && closed !== 'unclear') {
      const why = gaveBack ? 'was given back' : closed === null ? 'was lost with its owner' : 'ended'
      history.violate(
        'clean-stop-burns-nothing',
        `${what}: attempt ${previous.record.attempt} ${why}, the next is ${record.attempt}, not ${expected}`,
      )
    }
    if (record.failures !== run.failures) {
      history.violate('settle-idempotent', `${what} counts ${record.failures} failures, ${run.failures} were settled`)
    }
    if (record.crashes > previous.record.crashes && !previous.record.suspect) {
      history.violate('crash-counter', `${what} counts a crash for an attempt that was not the suspect`)
    }
  }

  const onSettle = (settlement: Settlement, reply: SettleReply): void => {
    const run = runs.get(settlement.runId)
    if (run === undefined) return
    const what = `run ${run.id} of ${run.job} (fence ${settlement.fence}, ${settlement.outcome}, ${settlement.then.to})`
    const claim = run.claims.find(({ record }) => record.fence === settlement.fence)
    const same =
      claim !== undefined && claim.closed !== null && typeof claim.closed === 'object' && isSame(claim.closed.settlement, settlement)
    if (reply.status === 'stale') {
      if (same && claim === run.claims.at(-1) && !run.pruned)
        history.violate('settle-idempotent', `${what} was settled, and the repetition was refused`)
      return
    }
    if (same) return
    if (claim === undefined || claim !== run.claims.at(-1) || claim.closed !== null || run.terminal !== null) {
      history.violate('stale-settlement', `${what} was accepted although ${run.terminal ?? 'another claim or settlement'} came before`)
      return
    }
    claim.closed = { settlement }
    if (settlement.outcome === 'failed' || settlement.outcome === 'timedOut') run.failures++
    const { to } = settlement.then
    if (to === 'dead') checkDeath(run, settlement, what)
    if (to !== 'retry' && to !== 'released') run.terminal = to
  }

  const checkDeath = (run: RunFacts, settlement: Settlement, what: string): void => {
    const isFatal = settlement.then.to === 'dead' && settlement.then.reason.startsWith('not retryable')
    if (!isFatal && run.failures !== deps.retriesOf(run.job) + 1) {
      history.violate('retries', `${what} died after ${run.failures} failures, ${deps.retriesOf(run.job)} retries are allowed`)
    }
  }

  /** A run is condemned for crashes only if three claims of it were those of a suspect, and began. */
  const judgeCrashes = (run: RunFacts): void => {
    const suspects = run.claims.filter(({ record, started }) => record.suspect && started).length
    if (suspects < 3) history.violate('crash-counter', `run ${run.id} of ${run.job} died of crashes, and was a suspect ${suspects} times`)
  }

  return {
    take(commit) {
      const { verb, request, reply } = commit
      if (verb === 'schedules.fire') {
        const { firings } = request as { firings: readonly Firing[] }
        ;(reply as { replies: readonly FireReply[] }).replies.forEach((one, index) => {
          if (one.status !== 'fired') return
          for (const { id, state } of one.runs) {
            const run = obtain(id, String(firings[index]?.job))
            if (isTerminal(state)) run.terminal = state
          }
        })
      } else if (verb === 'runs.settle') {
        const { settlements } = request as { settlements: readonly Settlement[] }
        ;(reply as { replies: readonly SettleReply[] }).replies.forEach((one, index) => onSettle(settlements[index] as Settlement, one))
      } else if (verb === 'runs.renew') {
        if ((reply as RenewReply).status === 'dead') return
        const { owner, started } = request as RenewRequest
        for (const { runId, fence } of started) {
          const claim = runs.get(runId)?.claims.find(({ record }) => record.fence === fence)
          if (claim?.record.owner === owner) claim.started = true
        }
      } else if (verb === 'runs.leave') {
        const { owner } = request as { owner: string }
        const closed = owners.isOver(owner, commit.storeNow) ? 'unclear' : 'left'
        for (const run of runs.values()) {
          const claim = run.claims.at(-1)
          if (claim?.record.owner === owner && claim.closed === null) claim.closed = closed
        }
      } else if (verb === 'runs.cancel') {
        const { runs: asked } = request as { runs: readonly { id: string }[] }
        ;(reply as { replies: readonly string[] }).replies.forEach((one, index) => {
          const run = runs.get(String(asked[index]?.id))
          if (run === undefined) return
          if (one === 'cancelled') run.terminal = 'cancelled'
          else if (one === 'requested') run.cancelRequested = true
        })
      }
      if (verb === 'runs.enqueue') {
        for (const { outcome, id } of (reply as { replies: readonly EnqueueReply[] }).replies) {
          // A request that is repeated after its run was pruned makes the run again: at least once is what enqueue promises.
          if (outcome === 'created' && runs.get(id)?.pruned === true) runs.delete(id)
        }
      }
      if (verb === 'runs.claim' || verb === 'schedules.fire' || verb === 'runs.enqueue') {
        // One reply may give its runs in another order than it claimed them.
        for (const claimed of claimsOf(reply).toSorted((a, b) => a.record.fence - b.record.fence)) onClaim(claimed, commit)
      }
    },
    see(records) {
      for (const record of records) {
        const run = obtain(record.id, record.job)
        if (run.terminal !== null && run.terminal !== record.state) {
          history.violate('terminal-is-final', `run ${record.id} of ${record.job} was ${run.terminal}, and is ${record.state}`)
        }
        if (isTerminal(record.state)) run.terminal = record.state
        if (record.reason?.startsWith('crashed:') === true) {
          run.crashed = true
          judgeCrashes(run)
        }
      }
    },
    prune(ids) {
      for (const id of ids) {
        const run = runs.get(id)
        if (run === undefined) continue
        if (run.terminal === null) history.violate('prune-only-finished', `run ${id} of ${run.job} was pruned before it ended`)
        run.pruned = true
      }
    },
    get: (id) => runs.get(id),
    claim: (id, fence) => runs.get(id)?.claims.find(({ record }) => record.fence === fence),
    all: () => runs.values(),
  }
}

function isSame(a: Settlement, b: Settlement): boolean {
  return a.outcome === b.outcome && a.then.to === b.then.to
}
