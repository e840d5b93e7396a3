/** Options that may be functions of the run. */
import type { RunContext } from '@quarterjack/core'

/** A value, or a function that is asked at each attempt. */
export type Value<T, P = unknown> = T | ((ctx: RunContext<P>) => T | Promise<T>)

/** What a value is for this attempt. */
export async function valueFor<T, P>(value: Value<T, P>, ctx: RunContext<P>): Promise<T> {
  return typeof value === 'function' ? await (value as (ctx: RunContext<P>) => T | Promise<T>)(ctx) : value
}
