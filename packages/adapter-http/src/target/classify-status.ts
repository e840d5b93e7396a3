/** Which statuses are tried again. Pure. */

const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429])

/** 408, 425, 429 and 5xx; what else is no success would be none the next time either. */
export function isRetryableStatus(status: number): boolean {
  return RETRYABLE.has(status) || (status >= 500 && status <= 599)
}
