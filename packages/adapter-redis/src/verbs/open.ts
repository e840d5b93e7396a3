/** Opening a prefix: what is kept under it must be of a format that this version knows. */
import { QuarterjackError } from '@quarterjack/core/store'
import { number } from '../rows/reply-reader.ts'
import type { Scripts } from '../scripts/scripts.ts'
import type { Call } from './call.ts'

/** Raised when rows or indexes change so that older versions would misread them. */
export const FORMAT = 1

export async function openPrefix(call: Call, scripts: Scripts, prefix: string): Promise<void> {
  const { reply } = await call(scripts.open, { format: FORMAT })
  const found = number(reply)
  if (found > FORMAT) {
    throw new QuarterjackError(
      'SchemaNewer',
      `store "redis": prefix "${prefix}" was written in format ${found}, and this version of @quarterjack/adapter-redis knows ${FORMAT}. Update it, or use another prefix.`,
    )
  }
}
