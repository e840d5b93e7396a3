/** A run as scripts reply with it (`run_out`): a list, in this order. */
import type { AttemptRecord, ClaimedRun, RunRecord } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { readShortBody, type ShortBody } from './short-run.ts'
import { flag, list, number, numberOrNull, text, textOrNull, texts } from './reply-reader.ts'

export function toRunRecord(reply: Reply | undefined): RunRecord {
  const row = list(reply)
  return {
    id: text(row[0]),
    job: text(row[1]),
    key: text(row[2]),
    state: text(row[3]) as RunRecord['state'],
    trigger: text(row[4]) as RunRecord['trigger'],
    schedule: textOrNull(row[5]),
    slot: numberOrNull(row[6]),
    payload: textOrNull(row[7]),
    merging: row[8] === null ? null : texts(row[8]),
    priority: number(row[9]),
    runAt: number(row[10]),
    createdAt: number(row[11]),
    startedAt: numberOrNull(row[12]),
    finishedAt: numberOrNull(row[13]),
    overlap: text(row[14]) as RunRecord['overlap'],
    gates: texts(row[15]),
    attempt: number(row[16]),
    failures: number(row[17]),
    crashes: number(row[18]),
    suspect: flag(row[19]),
    owner: textOrNull(row[20]),
    fence: number(row[21]),
    open: flag(row[22]),
    triggers: number(row[23]),
    cancelRequested: textOrNull(row[24]),
    reason: textOrNull(row[25]),
    progress: textOrNull(row[26]),
    result: textOrNull(row[27]),
    error: toError(row[28]),
    attempts: list(row[29]).map(toAttempt),
    replayOf: textOrNull(row[30]),
    trace: textOrNull(row[31]),
  }
}

export function toRunRecordOrNull(reply: Reply | undefined): RunRecord | null {
  return reply === null || reply === undefined ? null : toRunRecord(reply)
}

export function toClaimedRun(reply: Reply | undefined): ClaimedRun {
  const [run, started] = list(reply)
  return { record: toRunRecord(run), started: flag(started) }
}

/** What the claims of short runs share. */
export interface ShortClaim {
  readonly job: string
  readonly owner: string
  readonly storeNow: number
  /** How many of them start at once; they come first. */
  readonly started: number
}

/** What a claim tells of short runs: id, fence and body of each in turn. */
export function toShortClaims(reply: Reply | undefined, shared: ShortClaim): readonly ClaimedRun[] {
  const parts = list(reply)
  const claimed: ClaimedRun[] = []
  for (let at = 0; at < parts.length; at += 3) {
    const started = claimed.length < shared.started
    const body = readShortBody(text(parts[at + 2]))
    claimed.push({ started, record: toFirstAttempt(text(parts[at]), number(parts[at + 1]), body, { ...shared, started }) })
  }
  return claimed
}

/** A run that a claim has just taken for the first time. */
export function toFirstAttempt(
  id: string,
  fence: number,
  { key, runAt, createdAt, priority, asked }: ShortBody,
  { job, owner, storeNow, started }: Omit<ShortClaim, 'started'> & { readonly started: boolean },
): RunRecord {
  return {
    id,
    job,
    key,
    state: 'running',
    trigger: asked.trigger,
    schedule: asked.schedule ?? null,
    slot: asked.slot ?? null,
    payload: asked.payload ?? null,
    merging: null,
    priority,
    runAt,
    createdAt,
    startedAt: started ? storeNow : null,
    finishedAt: null,
    overlap: asked.overlap,
    gates: [],
    attempt: 1,
    failures: 0,
    crashes: 0,
    suspect: false,
    owner,
    fence,
    open: false,
    triggers: asked.triggers,
    cancelRequested: null,
    reason: null,
    progress: null,
    result: null,
    error: null,
    attempts: [],
    replayOf: asked.replayOf ?? null,
    trace: asked.trace ?? null,
  }
}

function toAttempt(reply: Reply): AttemptRecord {
  const row = list(reply)
  return {
    number: number(row[0]),
    outcome: text(row[1]) as AttemptRecord['outcome'],
    owner: text(row[2]),
    fence: number(row[3]),
    startedAt: number(row[4]),
    finishedAt: number(row[5]),
    error: toError(row[6]),
  }
}

function toError(reply: Reply | undefined): RunRecord['error'] {
  return reply === null || reply === undefined ? null : (JSON.parse(text(reply)) as RunRecord['error'])
}
