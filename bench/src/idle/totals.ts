/** Counters of a server that only grow. */
import type { Sample } from '../figure.ts'

/** By metric, what it is so far; its growth per second is the figure. */
export type ReadTotals = () => Promise<Sample>
