/** What the calls that took effect say about schedules: an independent ledger, kept slot by slot. */
import type { ScheduleRecord } from '../../../src/store/records.ts'
import type { FireReply, Firing } from '../../../src/store/schedules.ts'
import type { ResolvedCatchUp } from '../../../src/job/job.ts'
import type { Commit } from '../faulty-store.ts'
import type { History, Invariant } from '../history.ts'
import { naiveJitter, naiveSlots } from '../naive-slots.ts'

interface Span {
  readonly generation: number
  readonly spec: string
  /** The cursor when it began: slots after this are of this span. */
  readonly from: number
  until: number
  /** Next slot when it ended. */
  nextSlot: number | null
}

interface Ledger {
  readonly job: string
  readonly name: string
  readonly incarnation: string
  readonly spans: Span[]
  readonly runs: Map<number, string>
  readonly ranges: { readonly reason: string; readonly from: number; readonly to: number; readonly generation: number }[]
  latest: ScheduleRecord
  alive: boolean
}

export interface SchedulesModel {
  /** Firings are judged before {@link look} shows their effect. */
  take(commit: Commit): void
  /** The store's schedules now; every verb that may change them is followed by a look. */
  look(records: readonly ScheduleRecord[]): void
  /** The `storeNow` of the last `due` that a process was given. */
  due(process: string, storeNow: number): void
  /** From now on, a firing later than this is a violation. */
  judgeLateness(mostMs: number): void
  /** Enumerates every slot anew, and compares. Answers how many there were. */
  check(): number
  /** The run was made by a firing of that incarnation. */
  made(incarnation: string, runId: string): boolean
  /** Slots with a record, by brute force; known after {@link check}. */
  slotsOf(incarnation: string): number
  /** Total generations raised, by `job/name`. */
  readonly changes: number
}

export interface SchedulesModelDeps {
  readonly history: History
  readonly policyOf: (job: string) => { readonly catchUp: ResolvedCatchUp; readonly misfireAfterMs: number } | null
  readonly isSuspended: (job: string, name: string) => boolean
  readonly storeNow: () => number
}

export function createSchedulesModel(deps: SchedulesModelDeps): SchedulesModel {
  const { history } = deps
  const ledgers = new Map<string, Ledger>()
  /** The newest replies that each process was given; one of them is what it planned by, the others came too late. */
  const dueNow = new Map<string, readonly number[]>()
  const counts = new Map<string, number>()
  let changes = 0
  let mostLateMs = Number.POSITIVE_INFINITY
  let latenessFrom = Number.NEGATIVE_INFINITY

  const onFired = (firing: Firing, commit: Commit): void => {
    const what = `${firing.job}/${firing.name}`
    const ledger = ledgers.get(firing.incarnation)
    if (ledger === undefined || !ledger.alive) return history.violate('one-run-per-slot', `${what} fired although it is not there`)
    const { latest } = ledger
    if (latest.nextSlot !== firing.expectedSlot) {
      history.violate('one-run-per-slot', `${what} fired for slot ${firing.expectedSlot} while its next slot was ${latest.nextSlot}`)
    }
    if (firing.generation !== latest.generation)
      history.violate('not-retroactive', `${what} fired by generation ${firing.generation}, now ${latest.generation}`)
    if (deps.isSuspended(firing.job, firing.name)) history.violate('suspended-stands-still', `${what} fired while suspended`)
    for (const { slot, id } of firing.runs) {
      const former = ledger.runs.get(slot)
      if (former !== undefined) history.violate('one-run-per-slot', `${what}: slot ${slot} made run ${id} after ${former}`)
      ledger.runs.set(slot, id)
    }
    for (const { reason, from, to } of firing.skips) ledger.ranges.push({ reason, from, to, generation: firing.generation })
    judgeCatchUp(firing, ledger, commit)
    const lateMs = commit.storeNow - (latest.nextDueAt ?? commit.storeNow)
    if (lateMs > mostLateMs && Number(latest.nextDueAt) > latenessFrom)
      history.violate('on-time', `${what} fired ${lateMs} ms late in calm`)
  }

  const judgeCatchUp = (firing: Firing, ledger: Ledger, { process }: Commit): void => {
    const faults = (dueNow.get(process.name) ?? []).map((now) => catchUpFault(firing, ledger, now))
    if (faults.some((fault) => fault === null)) return
    const [fault] = faults
    if (fault !== undefined && fault !== null) history.violate(fault.invariant, `${firing.job}/${firing.name} ${fault.detail}`)
  }

  /** What is wrong with a firing that was planned at `now`. */
  const catchUpFault = (firing: Firing, ledger: Ledger, now: number): { readonly invariant: Invariant; readonly detail: string } | null => {
    const policy = deps.policyOf(firing.job)
    if (policy === null) return null
    const jitter = naiveJitter(ledger.latest.spec)
    const missed = firing.runs.filter(({ slot }) => now - slot - jitter > policy.misfireAfterMs)
    const { catchUp } = policy
    const bound = catchUp.mode === 'all' ? catchUp.limit : catchUp.mode === 'latest' ? 1 : 0
    if (missed.length > bound)
      return { invariant: 'catch-up-bound', detail: `made ${missed.length} runs for missed slots, ${bound} are allowed` }
    const withinMs = catchUp.mode === 'all' ? catchUp.withinMs : null
    if (withinMs !== null && missed.some(({ slot }) => now - slot > withinMs)) {
      return { invariant: 'catch-up-bound', detail: `made a run for a slot older than ${withinMs} ms` }
    }
    // It may have been planned before it was due, but not fired.
    const firedAt = Math.max(now, deps.storeNow())
    const early = firing.runs.find(({ slot }) => slot > firedAt)
    if (early !== undefined) return { invariant: 'not-before-due', detail: `fired slot ${early.slot} at ${firedAt}` }
    const rash = firing.skips.find(({ reason, to }) => reason === 'misfire' && now - to <= policy.misfireAfterMs)
    if (rash !== undefined) return { invariant: 'misfire-only-when-late', detail: `skipped slot ${rash.to} as missed at ${now}` }
    return null
  }

  const lookAt = (record: ScheduleRecord): void => {
    const ledger = ledgers.get(record.incarnation)
    const what = `${record.job}/${record.name}`
    if (ledger === undefined) {
      const span = {
        generation: record.generation,
        spec: record.spec,
        from: record.cursor,
        until: record.cursor,
        nextSlot: record.nextSlot,
      }
      const { job, name, incarnation } = record
      ledgers.set(incarnation, { job, name, incarnation, spans: [span], runs: new Map(), ranges: [], latest: record, alive: true })
      return
    }
    const { latest } = ledger
    if (record.cursor < latest.cursor)
      history.violate('cursor-monotone', `${what}: the cursor went from ${latest.cursor} back to ${record.cursor}`)
    if (record.generation < latest.generation)
      history.violate('not-retroactive', `${what}: generation ${latest.generation} became ${record.generation}`)
    const last = ledger.spans.at(-1) as Span
    last.until = Math.max(last.until, record.cursor)
    last.nextSlot = latest.nextSlot
    if (record.generation > latest.generation) {
      changes++
      const { nextSlot } = latest
      if (nextSlot !== null && nextSlot <= record.cursor) {
        ledger.ranges.push({ reason: 'superseded', from: nextSlot, to: record.cursor, generation: latest.generation })
      }
      if (record.nextSlot !== null && record.nextSlot <= record.cursor) {
        history.violate('not-retroactive', `${what} changed at ${record.cursor}, and its next slot is ${record.nextSlot}`)
      }
      ledger.spans.push({
        generation: record.generation,
        spec: record.spec,
        from: record.cursor,
        until: record.cursor,
        nextSlot: record.nextSlot,
      })
    }
    ledger.latest = record
  }

  /** Every slot of every span has exactly one record. */
  const checkLedger = (ledger: Ledger): number => {
    const what = `${ledger.job}/${ledger.name}`
    const isOpen = (span: Span): boolean => span === ledger.spans.at(-1)
    const seen = new Set<number>()
    let count = 0
    for (const span of ledger.spans) {
      const ranges = ledger.ranges.filter(({ generation }) => generation === span.generation)
      for (const { slot, excluded } of naiveSlots(span.spec, span.from, span.until)) {
        const records = (ledger.runs.has(slot) ? 1 : 0) + ranges.filter(({ from, to }) => slot >= from && slot <= to).length
        seen.add(slot)
        if (ledger.runs.has(slot) && excluded) history.violate('slot-ledger', `${what}: excluded slot ${slot} was run`)
        if (records === 1) count++
        else if (records > 1) history.violate('slot-ledger', `${what}: slot ${slot} has ${records} records`)
        // Excluded slots that a changed schedule had not yet passed by leave no record.
        else if (!excluded || isOpen(span))
          history.violate('slot-ledger', `${what}: slot ${slot} of generation ${span.generation} has no record`)
      }
    }
    for (const slot of ledger.runs.keys()) {
      if (!seen.has(slot)) history.violate('slot-ledger', `${what}: a run was made for ${slot}, which is no slot up to the cursor`)
    }
    return count
  }

  return {
    take(commit) {
      if (commit.verb !== 'schedules.fire') return
      const { firings } = commit.request as { firings: readonly Firing[] }
      ;(commit.reply as { replies: readonly FireReply[] }).replies.forEach((reply, index) => {
        if (reply.status === 'fired') onFired(firings[index] as Firing, commit)
      })
    },
    look(records) {
      for (const record of records) lookAt(record)
      const present = new Set(records.map(({ incarnation }) => incarnation))
      for (const ledger of ledgers.values()) ledger.alive = present.has(ledger.incarnation)
    },
    due: (process, storeNow) => void dueNow.set(process, [storeNow, ...(dueNow.get(process) ?? []).slice(0, 2)]),
    judgeLateness(mostMs) {
      mostLateMs = mostMs
      latenessFrom = deps.storeNow()
    },
    check() {
      let count = 0
      for (const ledger of ledgers.values()) {
        const slots = checkLedger(ledger)
        counts.set(ledger.incarnation, slots)
        count += slots
      }
      return count
    },
    made: (incarnation, runId) => [...(ledgers.get(incarnation)?.runs.values() ?? [])].includes(runId),
    slotsOf: (incarnation) => counts.get(incarnation) ?? 0,
    get changes() {
      return changes
    },
  }
}
