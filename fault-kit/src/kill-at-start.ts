/** `kill -9` of a process that starts, at a moment that is seen on its line. */
import { figure } from './figure.ts'
import { judge } from './judge.ts'
import { until } from './poll.ts'
import type { Site } from './site.ts'

/** When. */
export interface StartMoment {
  /** For the figure. */
  readonly step: string
  /** How the process reaches the store. */
  readonly url: string
  /** Resolves at the moment. */
  readonly isCome: Promise<void>
}

/** What a site has whose processes are killed so. */
export const TICKING = [{ name: 'tick', every: ['500ms'] }] as const

/** The next one starts and works. */
export async function killAtStart(site: Site, { step, url, isCome }: StartMoment): Promise<void> {
  const victim = site.launch('victim', { storeUrl: url })
  await isCome
  await victim.kill()
  const from = performance.now()
  await site.start(['next'])
  const startMs = performance.now() - from
  await until('a slot', async () => (await site.effects.all()).length >= 2)
  await judge(site)
  figure(`kill -9, ${step}`, { 'start of the next ms': startMs })
}
