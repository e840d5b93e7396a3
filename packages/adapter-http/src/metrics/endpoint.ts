/** `/metrics`: rendered once per interval, however many scrape. */
import type { Clock } from '@quarterjack/core'
import { type AnyEndpoint, defineEndpoint } from '../endpoint/endpoint.ts'
import { Problem } from '../problem/problem.ts'
import type { CollectedMetrics } from './collect-metrics.ts'

export function metricsEndpoint(metrics: CollectedMetrics | null, cacheMs: number, clock: Clock): AnyEndpoint {
  const render = metrics === null ? null : cached(async () => Buffer.from(await metrics.text()), cacheMs, clock)
  return defineEndpoint({
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    access: 'read',
    summary: 'Metrics as Prometheus text.',
    answers: {
      200: { description: 'Prometheus text', contentType: 'text/plain' },
      404: { description: 'The handler was given no metrics.' },
    },
    async handle() {
      if (metrics === null || render === null) throw new Problem('NotFound', 'The handler was given no metrics: see collectMetrics.')
      return { status: 200, text: await render(), contentType: metrics.contentType }
    },
  })
}

function cached(make: () => Promise<Buffer>, forMs: number, clock: Clock): () => Promise<Buffer> {
  let last: { readonly at: number; isOver: boolean; readonly text: Promise<Buffer> } | null = null
  return () => {
    if (last !== null && (!last.isOver || clock.monotonic() - last.at < forMs)) return last.text
    const look = { at: clock.monotonic(), isOver: false, text: make() }
    const end = (): void => {
      look.isOver = true
    }
    last = look
    look.text.then(end, () => {
      if (last === look) last = null
    })
    return look.text
  }
}
