/** `cluster-feedback`: what came in and has no cluster yet gets one. Items that come close together share a run. */
import { randomUUID } from 'node:crypto'
import { trace } from '@opentelemetry/api'
import { defineJob, every, type Job, type RunContext } from '@quarterjack/core'
import type { Database } from '../db/open-database.ts'
import { recordAudit } from '../follow/audit.ts'
import type { PipelineMetrics } from '../follow/metrics.ts'
import { gatherRequestIds } from '../follow/request-id.ts'
import { linksTo } from '../follow/tracing.ts'
import { assignClusters, type Assignment } from './assign-clusters.ts'
import { embed, type Vector } from './embed.ts'
import { listPending, loadClusterPoints, markDead, type PendingItem, saveAssignments } from './store-clusters.ts'
import { textOf } from './summarise.ts'

export interface ClusterDeps {
  readonly db: Database
  readonly metrics: PipelineMetrics
  readonly threshold: number
  readonly waitMs: number
  readonly now: () => number
  /** Text → vector; default: our own. It may be a remote model: it is called outside any transaction, and may fail. */
  readonly embed?: ((text: string, signal: AbortSignal) => Vector | Promise<Vector>) | undefined
}

export interface Clustered {
  readonly items: number
  readonly newClusters: number
  readonly dead: number
}

export type ClusterJob = Job<undefined, Clustered>

const MOST_ITEMS = 200

/** Triggers wait for quiet; the schedule takes up what no trigger told of, such as imported items, and the rest of a large backlog. */
export function defineClusterJob(deps: ClusterDeps): ClusterJob {
  const { db, threshold, waitMs, now } = deps
  return defineJob({
    name: 'cluster-feedback',
    schedule: every('1m'),
    debounce: { wait: waitMs, maxWait: Math.max(waitMs * 5, 1) },
    timeout: '1m',
    retry: { retries: 4, minTimeout: '1s', maxTimeout: '1m' },
    run: async (ctx) => {
      const pending = await listPending(db, MOST_ITEMS)
      if (pending.length === 0) return ctx.skip('nothing is pending')
      trace.getActiveSpan()?.setAttribute('requestIds', [...gatherRequestIds(pending.map(({ requestId }) => requestId))])
      trace.getActiveSpan()?.addLinks([...linksTo(pending.map(({ traceparent }) => traceparent))])

      const embedded = await embedAll(pending, ctx.signal, deps)
      // What has no words is like nothing: it would found a cluster that nobody can join.
      const dead = embedded.filter(({ vector }) => vector.every((value) => value === 0)).map(({ item }) => item)
      const living = embedded.filter(({ item }) => !dead.includes(item))
      const at = now()
      const assigned = await db.store.commitWith(ctx, async (tx) => {
        const known = await loadClusterPoints(tx)
        const points = living.map(({ item, vector }) => ({ id: item.id, vector }))
        const { assignments, changed } = assignClusters(known, points, { threshold, newId: randomUUID })
        await saveAssignments(tx, { assignments, changed, at })
        await markDead(tx, dead, 'it has no words to compare')
        await recordAudit(tx, at, [
          ...assignments.map((one) => clusteredEntry(one, pending, ctx)),
          ...dead.map(({ id, requestId }) => ({
            actor: ctx.job,
            action: 'feedback.dead',
            subject: `feedback/${id}`,
            requestIds: [requestId],
          })),
        ])
        const newClusters = changed.filter(({ id }) => !known.some((cluster) => cluster.id === id)).length
        return { assignments, items: assignments.length, newClusters, dead: dead.length }
      })
      report(assigned.assignments, pending, { ctx, at, deps })
      const { items, newClusters } = assigned
      return { items, newClusters, dead: dead.length }
    },
  })
}

async function embedAll(pending: readonly PendingItem[], signal: AbortSignal, deps: ClusterDeps) {
  const embedded: { readonly item: PendingItem; readonly vector: Vector }[] = []
  for (const item of pending) {
    signal.throwIfAborted()
    embedded.push({ item, vector: await (deps.embed ?? embed)(textOf(item), signal) })
  }
  return embedded
}

function clusteredEntry({ itemId, clusterId, similarity }: Assignment, pending: readonly PendingItem[], { job, runId }: RunContext) {
  return {
    actor: job,
    action: 'feedback.clustered',
    subject: `feedback/${itemId}`,
    requestIds: gatherRequestIds(pending.filter(({ id }) => id === itemId).map(({ requestId }) => requestId)),
    details: { clusterId, similarity: Math.round(similarity * 1_000) / 1_000, runId },
  }
}

interface Report {
  readonly ctx: RunContext
  readonly at: number
  readonly deps: ClusterDeps
}

/** After the commit: what was rolled back is neither logged nor counted. */
function report(assignments: readonly Assignment[], pending: readonly PendingItem[], { ctx, at, deps }: Report): void {
  const items = new Map(pending.map((item) => [item.id, item]))
  for (const { itemId, clusterId } of assignments) {
    const item = items.get(itemId)
    if (item === undefined) continue
    deps.metrics.clustered(at - item.receivedAt)
    ctx.log.info({ requestId: item.requestId, feedbackId: itemId, clusterId }, 'clustered')
  }
}
