/** A job that looks at the health of everything, and logs each alert when it begins and when it is over. */
import { defineJob, every, type Job, type Scheduler } from '@quarterjack/core'
import type { LineLog } from '../observe/log-lines.ts'
import { type Alert, judgeAlerts } from './judge-alerts.ts'

export interface WatchDeps {
  /** The scheduler that the job will belong to. */
  readonly scheduler: () => Scheduler
  readonly log: LineLog
  readonly everySeconds: number
}

/** Of several replicas one looks at a time; each tells what it has not told itself. */
export function watchAlerts({ scheduler, log, everySeconds }: WatchDeps): Job<undefined, { readonly alerts: number }> {
  let standing: ReadonlyMap<string, Alert> = new Map()
  return defineJob({
    name: 'watch-alerts',
    schedule: every(`${everySeconds}s`),
    overlap: 'skip',
    timeout: '30s',
    keep: { succeeded: 20 },
    async run() {
      const alerts = judgeAlerts(await scheduler().health())
      const now = new Map(alerts.map((alert) => [`${alert.name} ${alert.job}`, alert]))
      for (const [key, { name, job, severity, text }] of now) {
        if (!standing.has(key)) log[severity === 'critical' ? 'error' : 'warn']('alert', { alert: name, job, text })
      }
      for (const [key, { name, job }] of standing) if (!now.has(key)) log.info('alert is over', { alert: name, job })
      standing = now
      return { alerts: alerts.length }
    },
  })
}
