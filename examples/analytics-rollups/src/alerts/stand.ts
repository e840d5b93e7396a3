/** Which alerts are to be told now: what stands for a minute, once, and its end. Pure. */
import type { Alert } from './judge-alerts.ts'

/** What is over by itself within this, as after a first start, is no alert. */
export const HOLD_MS = 60_000

export interface Standing {
  readonly alert: Alert
  readonly sinceAt: number
  readonly isTold: boolean
}

export interface AlertNews {
  readonly standing: ReadonlyMap<string, Standing>
  readonly begun: readonly Alert[]
  readonly over: readonly Alert[]
}

export function followAlerts(before: ReadonlyMap<string, Standing>, found: readonly Alert[], now: number): AlertNews {
  const standing = new Map(
    found.map((alert) => {
      const key = `${alert.name} ${alert.job}`
      const { sinceAt, isTold } = before.get(key) ?? { sinceAt: now, isTold: false }
      return [key, { alert, sinceAt, isTold: isTold || now - sinceAt >= HOLD_MS }]
    }),
  )
  const begun = [...standing].filter(([key, { isTold }]) => isTold && before.get(key)?.isTold !== true)
  const over = [...before].filter(([key, { isTold }]) => isTold && !standing.has(key))
  return { standing, begun: begun.map(([, { alert }]) => alert), over: over.map(([, { alert }]) => alert) }
}
