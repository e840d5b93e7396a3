/** The optional peer `prom-client`, loaded when metrics are asked for and not before. */
import { QuarterjackError } from '@quarterjack/core/store'
import type * as Prom from 'prom-client'

/** What is used of it. */
export type PromClient = Pick<typeof Prom, 'Counter' | 'Gauge' | 'Histogram' | 'Registry'>

/** Throws `InvalidOption` when it is not installed. */
export async function loadPromClient(): Promise<PromClient> {
  try {
    return (await import('prom-client')).default
  } catch (error) {
    throw new QuarterjackError('InvalidOption', 'collectMetrics: it needs the package prom-client. Install it beside this one.', {
      cause: error,
    })
  }
}
