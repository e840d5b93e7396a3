/** The payload of jobs that send whatever they are triggered with. */
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Takes whatever JSON can keep, and nothing as well. */
export const ANYTHING: StandardSchemaV1<unknown, unknown> = {
  '~standard': { version: 1, vendor: 'quarterjack', validate: (value) => ({ value }) },
}
