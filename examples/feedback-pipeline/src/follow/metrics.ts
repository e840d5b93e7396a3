/** The pipeline's own metrics, beside those of the scheduler. */
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Source } from '../ingest/feedback.ts'

export type IngestOutcome = 'created' | 'duplicate' | 'refused' | 'limited'

export interface PipelineMetrics {
  ingested(source: Source, outcome: IngestOutcome, count?: number): void
  /** From the arrival of an item to its cluster. */
  clustered(latencyMs: number): void
  fixEnded(outcome: 'succeeded' | 'failed'): void
}

export function createMetrics(registry: Registry): PipelineMetrics {
  const registers = [registry]
  const ingested = new Counter({
    name: 'pipeline_feedback_total',
    help: 'Items that arrived; rate() of it is the ingest rate.',
    labelNames: ['source', 'outcome'],
    registers,
  })
  const latency = new Histogram({
    name: 'pipeline_clustering_latency_seconds',
    help: 'From the arrival of an item to its cluster.',
    buckets: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
    registers,
  })
  const fixes = new Counter({ name: 'pipeline_fixes_total', help: 'Fixes that ended.', labelNames: ['outcome'], registers })
  // A first failure is an increase only where there was a 0 before.
  for (const outcome of ['succeeded', 'failed']) fixes.inc({ outcome }, 0)
  return {
    ingested: (source, outcome, count = 1) => ingested.inc({ source, outcome }, count),
    clustered: (latencyMs) => latency.observe(latencyMs / 1_000),
    fixEnded: (outcome) => fixes.inc({ outcome }),
  }
}
