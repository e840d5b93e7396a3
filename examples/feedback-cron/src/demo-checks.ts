/** What must be true when the demo ends. Pure: facts → checks. */
import type { AuditReport, HealthSnapshot, Run } from '@quarterjack/core'

export interface DemoFacts {
  /** Oldest first. */
  readonly runs: readonly Run[]
  /** The slots that were announced before they were due. */
  readonly previewed: readonly Date[]
  /** One weight, before and after users changed their minds. */
  readonly weights: readonly [before: number, after: number]
  readonly health: HealthSnapshot
  readonly audit: AuditReport
}

export interface Check {
  readonly claim: string
  readonly ok: boolean
}

/** The claims of the demo, each with its verdict. */
export function checkDemo({ runs, previewed, weights: [before, after], health, audit }: DemoFacts): readonly Check[] {
  const scheduled = runs.filter(({ slot }) => slot !== null)
  const [first, last] = [previewed[0], previewed.at(-1)]
  const fired = scheduled.filter(({ slot }) => slot !== null && first !== undefined && last !== undefined && slot >= first && slot <= last)
  const retried = scheduled.filter(({ state, attempt }) => state === 'succeeded' && attempt === 2)
  return [
    { claim: 'the first run came at once, without a slot', ok: runs[0]?.trigger === 'start' && runs[0].state === 'succeeded' },
    {
      claim: `the ${previewed.length} slots that were announced have fired, each once`,
      ok: fired.length > 0 && sameInstants(fired, previewed),
    },
    { claim: 'the failed call was made again, in the same run', ok: retried.length === 1 && retried[0]?.attempts[0]?.outcome === 'failed' },
    { claim: 'a slot without new feedback is on record as skipped', ok: scheduled.some(({ state }) => state === 'skipped') },
    {
      claim: 'no run started before its slot',
      ok: scheduled.every(({ slot, startedAt }) => slot === null || startedAt === null || startedAt >= slot),
    },
    { claim: `new feedback changed what was learnt: ${before} became ${after}`, ok: after < before },
    { claim: 'the service says that it is healthy', ok: health.status === 'ok' },
    { claim: 'the audit found every slot accounted for', ok: audit.ok && audit.complete && audit.violations.length === 0 },
  ]
}

function sameInstants(fired: readonly Run[], announced: readonly Date[]): boolean {
  return fired.map(({ slot }) => slot?.getTime()).join() === announced.map((slot) => slot.getTime()).join()
}
