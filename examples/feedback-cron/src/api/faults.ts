/** Faults on request, so that demos and tests can see what the caller makes of them. */
import { z } from 'zod'

export const faultSchema = z.discriminatedUnion('kind', [
  /** The next `times` aggregations are answered with `status`. */
  z.strictObject({
    kind: z.literal('fail'),
    times: z.number().int().min(1).max(1_000).default(1),
    status: z.number().int().min(400).max(599).default(503),
    /** Seconds, sent as `Retry-After`. */
    retryAfter: z.number().int().min(0).max(3_600).optional(),
  }),
  /** The next `times` aggregations are not answered until the caller gives up. */
  z.strictObject({ kind: z.literal('hang'), times: z.number().int().min(1).max(1_000).default(1) }),
])

export type Fault = z.output<typeof faultSchema>

/** Holds the faults that were asked for, in order. */
export interface Faults {
  add(fault: Fault): void
  /** Uses up one, if there is one. */
  take(): Fault | null
  /** How many answers will still be wrong. */
  pending(): number
}

export function createFaults(initial: readonly Fault[] = []): Faults {
  const queue: { readonly fault: Fault; left: number }[] = initial.map((fault) => ({ fault, left: fault.times }))
  return {
    add: (fault) => void queue.push({ fault, left: fault.times }),
    take() {
      const head = queue[0]
      if (head === undefined) return null
      head.left -= 1
      if (head.left === 0) queue.shift()
      return head.fault
    },
    pending: () => queue.reduce((sum, { left }) => sum + left, 0),
  }
}
