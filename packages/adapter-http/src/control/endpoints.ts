/** Everything that shows or changes what runs. Backfills get their file beside these when rollups have a facade. */
import type { AnyEndpoint } from '../endpoint/endpoint.ts'
import { auditEndpoint } from './audit.ts'
import type { ControlDeps } from './deps.ts'
import { jobEndpoints } from './jobs.ts'
import { runEndpoints } from './runs.ts'
import { scheduleEndpoints } from './schedules.ts'
import { triggerEndpoint } from './trigger.ts'

export function controlEndpoints(deps: ControlDeps): readonly AnyEndpoint[] {
  return [...jobEndpoints(deps), triggerEndpoint(deps), ...runEndpoints(deps), ...scheduleEndpoints(deps), auditEndpoint(deps)]
}
