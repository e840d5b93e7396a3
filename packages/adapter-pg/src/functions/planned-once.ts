/** Settings of functions that are called often. */
import { BY_INDEX } from './by-index.ts'

/**
 * Settings of functions whose statements are planned once per session, for whatever values come: there is one sensible plan,
 * by index, and planning takes longer than the work. Joins look up one row after the other: a plan made while a table was
 * nearly empty would otherwise read it whole for ever after.
 */
export const PLANNED_ONCE: string = `${BY_INDEX} set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan`
