/**
 * The engine of one process: wires plan → fire → claim → execute → settle, and keeps them going. Long, since each part is told here
 * of the others, and of nothing else; what they do stands in files of their own.
 */
import type { ClaimedRun } from '../store/claim-at-once.ts'
import pLimit from 'p-limit'
import type { JobPolicy } from '../job/job.ts'
import type { RunRecord } from '../store/records.ts'
import type { EnqueueRequest, SettleReply, StoreLoss } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import type { Tick } from '../store/tick.ts'
import { systemClock, waitForHint } from '../time/clock.ts'
import { createEnqueuer } from '../trigger/enqueuer.ts'
import { adopt, giveBack, type AdoptDeps, type Line } from './adopt.ts'
import { comeToRest } from './come-to-rest.ts'
import { claimOffer } from './claim-offer.ts'
import { claimDue } from './claim.ts'
import type { Verdict } from './classify-ending.ts'
import { createLoopLag, longestRun, stuckRuns } from './engine-facts.ts'
import { execute } from './execute.ts'
import { createDeclareAgain } from './declare-again.ts'
import { createFences } from './fences.ts'
import { fireDue } from './fire.ts'
import { followersOf } from './followers.ts'
import { createHoldings, type Execution } from './holdings.ts'
import { keepRules } from './keep-rules.ts'
import { createKeepAlive, SLOW_POLL_MS } from './keep-alive.ts'
import { createLoop } from './loop.ts'
import { createLookAhead, LOOK_AHEAD_MS } from './look-ahead.ts'
import { createLossLog } from './loss-log.ts'
import { createMaintenance, pruneGrace } from './maintain.ts'
import { createOwner } from './owner.ts'
import { registerDefinitions, type Definition, type Standing } from './register.ts'
import { longestCall, retryStore } from './retry-store.ts'
import { createSettler } from './settler.ts'
import { drain, leave } from './shutdown.ts'
import { suspendIfFailing } from './suspend-if-failing.ts'
import { createWakes } from './wakes.ts'
import type { Engine, EngineOptions } from './engine.ts'

/** How often a repeatable call is tried before its caller hears of it. */
const CALL_RETRIES = 4

export function createEngine(options: EngineOptions): Engine {
  const { link, clock, random, emitter, logger, leaseMs } = options
  const owner = createOwner(clock, options.nextId)
  const holdings = createHoldings(options.concurrency, refill)
  const wakes = createWakes()
  const fences = createFences()
  const permits = pLimit({ concurrency: options.concurrency, rejectOnClear: true })
  const line: Line = { waiting: 0 }
  const lag = createLoopLag()
  const monotonic = (): number => clock.monotonic()

  let definitions: readonly Definition[] = []
  let policies: ReadonlyMap<string, JobPolicy> = new Map()
  let standings: ReadonlyMap<string, Standing> = new Map()
  /** Jobs whose runs are left to other versions of the program. */
  let left: readonly string[] = []
  /** By so much slots are late where passes come and go. */
  let latenessMs = 0
  let ahead = createLookAhead(0)
  let accepting = false
  /** The store may know this owner. */
  let present = false
  let refilling = false
  let unwatch: (() => void) | null = null
  let staleResults = 0
  let lost: StoreLoss | null = null
  const declareAgain = createDeclareAgain({
    clock,
    logger,
    store: link.store.name,
    register: () => register(true),
    onDeclared() {
      wakes.stir()
      loop.stir()
    },
  })

  const retrying = { clock, random, retries: CALL_RETRIES }
  const call = <T extends object>(verb: string, run: (store: Store) => Promise<T>): Promise<T> =>
    retryStore(() => link.call(verb, run), retrying)

  const settler = createSettler({
    clock,
    random,
    owner: () => owner.id,
    call: (verb, run) => link.call(verb, run).then(noticed),
    answeredAt: () => link.answeredAt,
  })

  const adoptDeps: AdoptDeps = {
    clock,
    logger,
    holdings,
    settler,
    permits,
    line,
    get policies() {
      return policies
    },
    execute(execution) {
      if (!execution.startKnown) keepAlive.tellStart()
      return execute(execution, executeDeps)
    },
    onFree() {
      refill()
    },
  }

  const onClaimed = (runs: readonly ClaimedRun[], by: string): void => {
    // Whose lease is gone has lost these runs with it: they are others' by now.
    if (by !== owner.id) return
    fences.see(runs)
    if (accepting) {
      holdings.spend(runs.length)
      adopt(runs, by, adoptDeps)
    } else for (const { record } of runs) void giveBack(record.id, record.fence, adoptDeps)
    // Also when nothing was given: a claim shortens the lease of an idle process.
    keepAlive.touch()
  }

  const executeDeps = {
    clock,
    link,
    random,
    emitter,
    logger,
    holdings,
    settler,
    abortGraceMs: options.abortGraceMs,
    limits: options.limits,
    around: options.around,
    isTrusted: () => owner.trusted,
    isOwner: (id: string): boolean => id === owner.id,
    onGatesFree: (): void => void noticed({}),
    schedulerOf: options.schedulerOf,
    followers: (run: RunRecord): readonly EnqueueRequest[] => followersOf(run, options.policies, options.nextId),
    onSettled: (execution: Execution, verdict: Verdict, reply: SettleReply): void => {
      maintenance.note()
      if (verdict.then.to === 'dead') void suspendIfFailing(execution, reply, { call, emitter, logger })
    },
    onStale: (): void => {
      staleResults++
    },
    reportLoss: createLossLog(logger),
  }

  const keepAlive = createKeepAlive({
    clock,
    random,
    link,
    owner,
    leaseMs,
    holdings,
    wakes,
    emitter,
    logger,
    giveBack: adoptDeps,
    declares: () => definitions.flatMap(({ policy, hash }) => (left.includes(policy.name) ? [] : [{ job: policy.name, hash }])),
    onChange: () => maintenance.stir(),
    onNews: () => loop.stir(),
    onLost(loss) {
      lost = loss
      emitter.emit('store.lost', loss)
      declareAgain.after(loss)
    },
    onLag: lag.note,
  })

  // An owner that the store does not know yet has nothing to ask for.
  const canClaim = (): boolean => accepting && holdings.room > 0 && owner.trustedUntil > 0 && (owner.trusted || holdings.size === 0)
  const pass = { clock, link, owner, leaseMs, holdings, wakes, emitter, logger, monotonic, seenFence: () => fences.highest, onClaimed }
  const loop = createLoop({
    clock,
    random,
    storeClock: link.clock,
    wakes,
    get ahead() {
      return ahead
    },
    logger,
    fire: () => fireDue({ ...pass, policies, latenessMs, ahead }).catch(mayHaveClaimed),
    claim: () => claimDue({ ...pass, onDead: lose }).catch(mayHaveClaimed),
    canClaim,
    onLag: lag.note,
  })

  const maintenance = createMaintenance({
    clock,
    random,
    link,
    logger,
    rules: () => keepRules(definitions, standings),
    graceMs: pruneGrace(longestCall(link.deadlineMs, CALL_RETRIES)),
    wantsRegistration: () => [...standings.values()].some((standing) => !standing.current),
    registerAgain: () => register(false),
  })

  const enqueuer = createEnqueuer({
    clock,
    // Where the store is elsewhere, its answer takes a turn: what comes until then goes out together, and callers leave others theirs.
    defer: clock === systemClock && link.store.capabilities.shared !== false ? process.nextTick : (callback) => clock.defer(callback),
    maxPayloadBytes: options.limits.payload,
    call: (verb, run) => call(verb, run).then(noticed, mayHaveClaimed),
    callOnce: (verb, run) => link.call(verb, run),
    // With no room the claim is empty, but its reply still tells when to look for what was written.
    offer: (wanted) =>
      accepting ? claimOffer(holdings, canClaim() ? wanted : 0, { owner: owner.id, leaseMs, seenFence: fences.highest }) : null,
    onClaimed(runs, claim, askedAt) {
      if (runs.length > 0) owner.confirm(claim.owner, askedAt, leaseMs)
      onClaimed(runs, claim.owner)
    },
  })

  link.onTick({
    before: wakes.ask,
    after(tick, asked) {
      wakes.absorb(tick, asked)
      if (accepting) loop.news()
    },
  })

  /** A write that may have made runs claimable was answered: if the store does not tell when to look for them, look now. */
  function noticed<T extends object>(reply: T): T {
    if (!accepting || (reply as Partial<Tick>).nextRunAt !== undefined) return reply
    wakes.stirRuns()
    loop.news()
    return reply
  }

  /** A call that failed may have reached the store: a claim shortens the lease of an idle process. */
  function mayHaveClaimed(error: unknown): never {
    keepAlive.touch()
    throw error
  }

  /** There is room again. What ends in one turn makes room for one claim; nothing is claimed while others stand ready. */
  function refill(): void {
    if (refilling) return
    refilling = true
    clock.defer(() => {
      refilling = false
      if (accepting && line.waiting <= options.concurrency / 2) loop.news()
    })
  }

  /** The lease of `by` is gone. It may be told more than once, and late: by then this process may be another owner. */
  function lose(by: string): void {
    if (by !== owner.id) return
    keepAlive.lose()
    void keepAlive.renew()
  }

  async function register(mayCreate: boolean): Promise<void> {
    standings = await registerDefinitions(definitions, { link, call, nextId: options.nextId, mayCreate, logger })
    const former = left
    left = (await options.onRegistered?.(standings)) ?? []
    if (left.join() !== former.join()) await keepAlive.redeclare()
  }

  return {
    call,
    callOnce: (verb, run) => link.call(verb, run),
    enqueue: enqueuer.enqueue,
    enqueueAll: enqueuer.enqueueAll,
    enqueueWith: enqueuer.enqueueWith,
    stir() {
      wakes.stir()
      loop.stir()
    },
    registerAgain: () => register(false),
    nextWakeAt: () => wakes.earliest,

    async start(given, rule) {
      definitions = given
      left = []
      policies = new Map(given.map(({ policy }) => [policy.name, policy]))
      holdings.limitTo(rule?.quota ?? null)
      latenessMs = rule?.everyMs ?? 0
      // A pass ends when nothing is due: it leaves what is due soon to the next. A store within the process answers at once.
      const { looksAhead = false, waitsToFire, shared = true } = link.store.capabilities
      ahead = createLookAhead(looksAhead && shared && rule === undefined ? LOOK_AHEAD_MS : 0, waitsToFire)
      settler.resume()
      // Presence first: who declares a definition is asked while it is registered.
      present = true
      await retryStore(keepAlive.renewOrThrow, retrying)
      await register(true)
      unwatch = link.store.watch((hint) => {
        if (hint.kind === 'work') {
          if (hint.of === 'runs') wakes.stirRuns()
          else wakes.stir()
          loop.stir()
        } else if (hint.kind === 'cancel' && hint.owner === owner.id) void keepAlive.renewAfresh()
      })
      accepting = true
      declareAgain.start()
      wakes.stir()
      keepAlive.start()
      maintenance.start()
      loop.start()
      return standings
    },

    async stop(graceMs) {
      accepting = false
      unwatch?.()
      unwatch = null
      declareAgain.stop()
      await loop.stop()
      // Callers may go on triggering for ever; only what may still claim is waited for, and no longer than the grace.
      const [stuck] = await Promise.all([
        drain({ clock, holdings, giveBack: adoptDeps, graceMs, abortGraceMs: options.abortGraceMs }),
        waitForHint(clock, graceMs, enqueuer.idle()),
      ])
      settler.abandon()
      await maintenance.stop()
      // Renewals stop last: until here, everything this process held was protected.
      await keepAlive.stop()
      if (present && stuck.length === 0) await leave({ link, owner: owner.id, logger })
      present = false
      owner.replace()
      return stuck
    },

    quietWithin: (ms) => comeToRest({ clock, holdings, loop, settler, isAccepting: () => accepting }, ms),

    facts: () => ({
      owner: accepting ? owner.id : null,
      running: holdings.count('started'),
      stuck: stuckRuns(holdings),
      staleResults,
      loopLag: lag.known(),
      store: link.facts(),
      lost,
    }),
    generationOf(job) {
      const standing = standings.get(job)
      return standing?.current === true ? standing.generation : null
    },
    longestRun: (job) => longestRun(holdings, job),

    live() {
      if (!accepting) return true
      if (clock.monotonic() - loop.turnedAt > 3 * SLOW_POLL_MS) return false
      return holdings.count('stuck') < options.concurrency
    },
  }
}
