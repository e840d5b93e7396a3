/** One measured figure, and how many of them become a line of the report. */

/** One line of `--json`. */
export interface Figure {
  readonly scenario: string
  readonly peer: string
  readonly version: string
  readonly config: string
  readonly metric: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
}

/** What one round of one peer gives: metric → value. */
export type Sample = Readonly<Record<string, number>>

/** Units by metric name. */
export const UNITS: Readonly<Record<string, string>> = {
  registered: 'jobs',
  registerCpuUsPerJob: 'µs',
  registerMs: 'ms',
  heapBytesPerJob: 'B',
  latenessP50Ms: 'ms',
  latenessP99Ms: 'ms',
  firedPercent: '%',
  cpuUsPerFire: 'µs',
  importMs: 'ms',
  runsPerS: 'runs/s',
  cpuUsPerRun: 'µs',
  enqueuePerS: 'triggers/s',
  enqueue50PerS: 'triggers/s',
  firstBulkPerS: 'triggers/s',
  bulkPerS: 'triggers/s',
  p50Ms: 'ms',
  p99Ms: 'ms',
  lost: 'slots',
  doubled: 'slots',
  createdPerS: 'schedules/s',
  tickMs: 'ms',
  roundTripsPerRun: 'calls',
  callsPerRun: 'calls',
  commandsPerRun: 'commands',
  commandsPerMin: 'commands/min',
  executedPerMin: 'commands/min',
  transactionsPerS: 'tx/s',
  takeoverMs: 'ms',
  locksPerS: 'pairs/s',
  refreshMs: 'ms',
  refreshCpuMs: 'ms',
  walKb: 'KiB',
  fillMs: 'ms',
  rowsPerS: 'rows/s',
  startMs: 'ms',
  heapBytesPerRollup: 'B',
  lookMs: 'ms',
  planUs: 'µs',
  allMs: 'ms',
  healthMs: 'ms',
  bytesPerWindow: 'B',
  lateMs: 'ms',
  inAllMs: 'ms',
  statementUs: 'µs',
  walBytes: 'B',
  writesPerS: 'tx/s',
  targetMs: 'ms',
  fetchMs: 'ms',
  bareHttpMs: 'ms',
  overheadMs: 'ms',
  overheadOverHttpMs: 'ms',
  livePerS: 'requests/s',
  healthPerS: 'requests/s',
  jobHealthPerS: 'requests/s',
  snapshotPerS: 'requests/s',
  metricsPerS: 'requests/s',
  storeLooksPerSecond: 'looks/s',
  heapBytesPerCall: 'B',
  rssBytesPerCall: 'B',
}

/** Whether more is better; of the others less is. */
export function isGain(metric: string): boolean {
  return metric.endsWith('PerS') && metric !== 'transactionsPerS'
}

/** What the statements alone take: a limit, not a peer. */
export const BARE = 'bare'

/** Neither ours nor bare, through whichever client. */
export function isPeer(name: string): boolean {
  return !name.startsWith('quarterjack') && !name.startsWith(BARE)
}

export function summarise(scenario: string, peer: string, version: string, config: string, samples: readonly Sample[]): readonly Figure[] {
  const metrics = [...new Set(samples.flatMap((sample) => Object.keys(sample)))]
  return metrics.map((metric) => {
    const values = samples.flatMap((sample) => (sample[metric] === undefined ? [] : [sample[metric]])).sort((a, b) => a - b)
    return {
      scenario,
      peer,
      version,
      config,
      metric,
      unit: UNITS[metric] ?? '',
      median: median(values),
      min: values[0] ?? Number.NaN,
      max: values.at(-1) ?? Number.NaN,
      rounds: values.length,
    }
  })
}

/** Of sorted values. */
export function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The value below which a share of the samples lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
