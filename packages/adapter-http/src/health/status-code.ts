/** Which answers a load balancer or a monitor takes for well. */
import type { HealthStatus } from '@quarterjack/core'

/** 200 for what a restart would not mend: ok, degraded, suspended on purpose. 503 for unhealthy and stopped. */
export function statusCodeOf(status: HealthStatus): 200 | 503 {
  return status === 'unhealthy' || status === 'stopped' ? 503 : 200
}
