/** The files for those who leave the schedules outside name what is really there. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { WORKER_ROUTES } from '../src/http/worker-endpoints.ts'

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const crontab = read('cron/crontab')
const cronJobs = read('k8s/cronjobs.yaml').split(/^---$/m)

const pathsOf = (text: string): readonly string[] => [...text.matchAll(/\/api\/v1\/workers\/([\w/-]+)/g)].map(([, path]) => path as string)

it.each(cronJobs.map((text) => [/name: (synthstack-[\w-]+)/.exec(text)?.[1] ?? '', text] as const))(
  '%s calls workers of the crontab, and fails when they do',
  (_, text) => {
    const paths = pathsOf(text)
    expect(paths.length).toBeGreaterThan(0)
    for (const path of paths) expect(pathsOf(crontab)).toContain(path)
    for (const line of text.split('\n').filter((one) => one.includes('curl -')))
      expect(line).toMatch(/curl -fsS -X POST "\$API_URL\S+" -H "Authorization: Bearer \$CRON_SECRET"$/)
    expect(text).toContain('concurrencyPolicy: Forbid')
    expect(text).toMatch(/secretKeyRef:\s+name: printverse-secrets\s+key: cron-secret/)
  },
)

it('the batch has the schedule that it has in the crontab', () => {
  const [, expression] = /^(\S+ \S+ \S+ \S+ \S+) wget .*orchestration\/batch/m.exec(crontab) ?? []
  expect(cronJobs.find((text) => text.includes('orchestration/batch'))).toContain(`schedule: "${expression}"`)
})

it('every longer path of the crontab has a route', () => {
  expect(pathsOf(crontab).filter((path) => path.includes('/') && !(path in WORKER_ROUTES))).toEqual([])
})

it('the container of the old document gets the crontab that is shipped', () => {
  expect(read('compose.yaml')).toContain('./cron/crontab:/etc/crontabs/root')
})
