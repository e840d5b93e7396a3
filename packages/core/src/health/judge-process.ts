/** Whether this process and its store are well: pure. */
import type { HealthFacts } from './health-facts.ts'
import type { StoreLoss } from '../store/runs.ts'
import { roughly } from '../time/roughly.ts'

/** One reason for not being `ok`. */
export interface Finding {
  readonly status: 'degraded' | 'unhealthy'
  readonly why: string
}

/** A store clock further than this from the process's own is worth a look. */
export const CLOCK_OFFSET_BOUND_MS = 5_000

/** An event loop that answers later than this. */
export const LOOP_LAG_BOUND_MS = 1_000

/** So long a loss of writes counts: somebody has to look what is missing. */
export const LOSS_SHOWN_MS: number = 60 * 60 * 1_000

function describeLoss({ at, everything, schedules, runs }: StoreLoss, now: number): string {
  const what = everything ? 'everything that was in it' : 'a part of what was in it'
  const counts =
    schedules === null || runs === null ? 'how much is unknown' : `${schedules} dynamic schedules and ${runs} unfinished runs are gone`
  return `the store lost ${what} ${roughly(Math.max(0, now - at))} ago: ${counts}`
}

/** A store can refuse as soon as it is asked: closed, or of a newer schema. */
function silence(failingForMs: number): string {
  return failingForMs === 0 ? 'the store refuses to work' : `the store has not answered for ${roughly(failingForMs)}`
}

/** Worst first. A stopped process has no findings: `snapshotHealth` says so by itself. */
export function judgeProcess({ now, process, store }: HealthFacts): readonly Finding[] {
  const findings: Finding[] = []
  const stuck = process.stuck.length
  if (process.startError !== null) {
    findings.push({ status: 'unhealthy', why: `start() failed, and nothing runs here until it is called again: ${process.startError}` })
  }
  if (!store.reachable || store.failingForMs > 0) {
    findings.push({
      status: 'unhealthy',
      why: `${silence(store.failingForMs)}: ${store.error ?? 'no reason given'}`,
    })
  }
  if (store.lost !== null && now - store.lost.at < LOSS_SHOWN_MS) {
    findings.push({ status: 'degraded', why: describeLoss(store.lost, now) })
  }
  if (stuck > 0 && stuck >= process.concurrency) {
    findings.push({
      status: 'unhealthy',
      why: `every permit of this process (${process.concurrency}) is held by a stuck run: nothing can start`,
    })
  } else if (stuck > 0) {
    findings.push({ status: 'degraded', why: `${stuck} of ${process.concurrency} permits are held by runs whose handler ignores abort` })
  }
  if (Math.abs(store.clockOffsetMs ?? 0) > CLOCK_OFFSET_BOUND_MS) {
    const { clockOffsetMs } = store
    const side = Number(clockOffsetMs) > 0 ? 'behind' : 'ahead of'
    findings.push({ status: 'degraded', why: `this process's clock is ${roughly(Math.abs(Number(clockOffsetMs)))} ${side} the store's` })
  }
  if (process.loopLagMs.last > LOOP_LAG_BOUND_MS) {
    findings.push({ status: 'degraded', why: `the event loop answers ${roughly(process.loopLagMs.last)} late: something blocks it` })
  }
  return findings
}
