/** Everything that shows or changes what runs. */
import type { AnyEndpoint } from '../endpoint/endpoint.ts'
import { auditEndpoint } from './audit.ts'
import { backfillEndpoints } from './backfills.ts'
import type { ControlDeps } from './deps.ts'
import { jobEndpoints } from './jobs.ts'
import { rollupEndpoints } from './rollups.ts'
import { runEndpoints } from './runs.ts'
import { scheduleEndpoints } from './schedules.ts'
import { triggerEndpoint } from './trigger.ts'
import { verifyEndpoint } from './verify.ts'

export function controlEndpoints(deps: ControlDeps): readonly AnyEndpoint[] {
  return [
    ...jobEndpoints(deps),
    triggerEndpoint(deps),
    ...runEndpoints(deps),
    ...scheduleEndpoints(deps),
    ...rollupEndpoints(deps),
    ...backfillEndpoints(deps),
    verifyEndpoint(deps),
    auditEndpoint(deps),
  ]
}
