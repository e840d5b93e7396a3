/** Looks once a minute, and logs each alert when it begins and when it is over. */
import type { Scheduler } from '@quarterjack/core'
import type { LineLog } from '../observe/log-lines.ts'
import { type Alert, judgeAlerts } from './judge-alerts.ts'

const LOOK_MS = 60_000

export interface AlertWatch {
  start(): void
  stop(): void
  /** Looks now. Resolves with what is wrong. */
  look(): Promise<readonly Alert[]>
}

export function watchAlerts(scheduler: Scheduler, log: LineLog): AlertWatch {
  let timer: NodeJS.Timeout | undefined
  let standing: ReadonlyMap<string, Alert> = new Map()

  const look = async (): Promise<readonly Alert[]> => {
    const alerts = judgeAlerts(await scheduler.health())
    const now = new Map(alerts.map((alert) => [`${alert.name} ${alert.job}`, alert]))
    for (const [key, { name, job, severity, text }] of now) {
      if (!standing.has(key)) log[severity === 'critical' ? 'error' : 'warn']('alert', { alert: name, job, text })
    }
    for (const [key, { name, job }] of standing) if (!now.has(key)) log.info('alert is over', { alert: name, job })
    standing = now
    return alerts
  }
  return {
    start() {
      timer = setInterval(() => void look(), LOOK_MS)
      timer.unref()
    },
    stop: () => clearInterval(timer),
    look,
  }
}
