/** Every default of a rollup, in one place. */
export const ROLLUP_DEFAULTS = {
  /** A twelfth of the window, at most this. */
  graceMost: '5m',
  lookback: 0,
  allowedLateness: '30d',
  wait: '5s',
  maxWait: '30s',
  batchStart: 24,
  batchMost: 500,
  batchTarget: '1s',
  concurrency: 1,
  paceShare: 0.5,
  paceMost: '5m',
  targetLag: '5m',
  retries: 3,
} as const
