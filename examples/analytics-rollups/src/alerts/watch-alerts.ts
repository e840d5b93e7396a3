/** A job that looks at the health of everything, and logs each alert once it has stood for a minute, and when it is over. */
import { defineJob, every, type Job, type Scheduler } from '@quarterjack/core'
import type { LineLog } from '../observe/log-lines.ts'
import { judgeAlerts } from './judge-alerts.ts'
import { followAlerts, type Standing } from './stand.ts'

export interface WatchDeps {
  /** The scheduler that the job will belong to. */
  readonly scheduler: () => Scheduler
  readonly log: LineLog
  readonly everySeconds: number
}

/** Of several replicas one looks at a time; each tells what it has not told itself. */
export function watchAlerts({ scheduler, log, everySeconds }: WatchDeps): Job<undefined, { readonly alerts: number }> {
  let standing: ReadonlyMap<string, Standing> = new Map()
  return defineJob({
    name: 'watch-alerts',
    schedule: every(`${everySeconds}s`),
    overlap: 'skip',
    timeout: '30s',
    keep: { succeeded: 20 },
    async run() {
      const health = await scheduler().health()
      const alerts = judgeAlerts(health)
      const news = followAlerts(standing, alerts, Date.parse(health.at))
      standing = news.standing
      for (const { name, job, severity, text } of news.begun) {
        log[severity === 'critical' ? 'error' : 'warn']('alert', { alert: name, job, text })
      }
      for (const { name, job } of news.over) log.info('alert is over', { alert: name, job })
      return { alerts: alerts.length }
    },
  })
}
