/** A tick beside many schedules that are not due. */
import { at, every } from '@quarterjack/core'
import { quantile, type Sample } from '../figure.ts'
import { machineMs } from '../replica.ts'
import type { Tenants } from './tenants.ts'

const DUE = 10
const DUE_EVERY_MS = 100
const FAR_MS = 30 * 86_400_000
const CHUNK = 10_000

/** `fill` stores the many, beside one that is called `far`. */
export async function stored({ scheduler, job }: Tenants, ticks: number, fill: () => Promise<void>): Promise<Sample> {
  await scheduler.schedules.setMany(job, [
    ...Array.from({ length: DUE }, (_, index) => ({ key: `due${index}`, schedule: every(DUE_EVERY_MS) })),
    { key: 'far', schedule: at(new Date(Date.now() + FAR_MS)) },
  ])
  await fill()
  const times: number[] = []
  for (let tick = 0; tick < ticks + 3; tick++) {
    await new Promise((resolve) => setTimeout(resolve, 2 * DUE_EVERY_MS))
    const startedAt = machineMs()
    const { fired } = await scheduler.tick()
    if (fired < DUE) throw new Error(`a tick fired ${fired} of ${DUE} schedules`)
    if (tick >= 3) times.push(machineMs() - startedAt)
  }
  return { tickMs: quantile(times, 0.5) }
}

/** By `setMany` itself. */
export async function fillByCalls({ scheduler, job }: Tenants, count: number): Promise<void> {
  const schedule = at(new Date(Date.now() + FAR_MS))
  for (let from = 0; from < count; from += CHUNK) {
    const settings = Array.from({ length: Math.min(CHUNK, count - from) }, (_, index) => ({ key: `far${from + index}`, schedule }))
    await scheduler.schedules.setMany(job, settings)
  }
}
