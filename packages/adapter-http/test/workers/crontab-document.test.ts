/** The crontab that users run today, verbatim: busybox wget against the handler. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { defineJob } from '@quarterjack/core'
import { beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { fromCrontab, toNodeListener } from '../../src/index.ts'
import { requireBusybox } from '../support/busybox.ts'
import { CRON, handling } from '../support/handling.ts'
import { listening } from '../support/listening.ts'

const run = promisify(execFile)

/** As the document has it, comments and all. */
const CRONTAB = `# Daily credit reset (midnight UTC)
0 0 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/reset-credits

# Check subscription expirations (daily 1 AM)
0 1 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/check-expirations

# Aggregate daily analytics (daily 2 AM)
0 2 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/aggregate-analytics

# Newsletter sync (daily 3 AM)
0 3 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/sync-newsletter

# Process email sequences (every 6 hours)
0 */6 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/process-sequences

# Update segments (daily 4 AM)
0 4 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/update-segments

# Aggregate hourly analytics (every hour)
0 * * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/aggregate-hourly

# Compute funnels (daily 5 AM)
0 5 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/compute-funnels

# Refresh cohorts (weekly Monday 6 AM)
0 6 * * 1 wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/refresh-cohorts

# Cleanup old data (monthly 1st at 7 AM)
0 7 1 * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/api/v1/workers/cleanup

# =====================================================
# AUTONOMOUS AGENT ORCHESTRATION (Premium Feature)
# =====================================================

# Batch orchestration - analyze GitHub & run agents (every 6 hours)
0 */6 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" "$API_URL/api/v1/workers/orchestration/batch"

# Retry failed orchestration jobs (hourly at :30)
30 * * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" "$API_URL/api/v1/workers/orchestration/retry-failed"

# Cleanup old orchestration logs (weekly Sunday 8 AM, retain 30 days)
0 8 * * 0 wget -qO- --header="Authorization: Bearer $CRON_SECRET" --post-data='{"retentionDays":30}' "$API_URL/api/v1/workers/orchestration/cleanup"
`

const LINES = CRONTAB.split('\n').filter((line) => /^[\d*]/.test(line))
const COMMANDS = LINES.map((line) => line.split(' ').slice(5).join(' '))
const PLAIN = [
  'reset-credits',
  'check-expirations',
  'aggregate-analytics',
  'sync-newsletter',
  'process-sequences',
  'update-segments',
  'aggregate-hourly',
  'compute-funnels',
  'refresh-cohorts',
  'cleanup',
  'orchestration-batch',
  'orchestration-retry-failed',
]

beforeAll(requireBusybox, 300_000)

describe('the document’s crontab', () => {
  it('runs verbatim: each line one run, its answer on standard output', async () => {
    const seen: string[] = []
    const jobs = [
      ...PLAIN.map((name) => defineJob({ name, run: () => void seen.push(name) })),
      defineJob({
        name: 'orchestration-cleanup',
        payload: z.object({ retentionDays: z.number() }),
        run: ({ payload }) => void seen.push(`orchestration-cleanup ${payload.retentionDays}`),
      }),
    ]
    const { handler, scheduler } = await handling(
      {
        basePath: '/api/v1',
        workers: {
          secrets: CRON,
          routes: {
            'orchestration/batch': 'orchestration-batch',
            'orchestration/retry-failed': 'orchestration-retry-failed',
            'orchestration/cleanup': 'orchestration-cleanup',
          },
        },
      },
      { jobs },
    )
    const { url } = await listening(toNodeListener(handler))
    const env = { API_URL: url, CRON_SECRET: CRON, PATH: process.env.PATH }
    expect(COMMANDS).toHaveLength(13)
    for (const command of COMMANDS) {
      // A wget of another make may be first on the path; busybox is what the image has.
      const { stdout } = await run('busybox', ['sh', '-c', command.replace(/^wget/, 'busybox wget')], { env })
      expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded' })
    }
    expect(seen).toEqual([...PLAIN, 'orchestration-cleanup 30'])
    expect(await scheduler.runs.find({ limit: 100 })).toHaveLength(13)

    const wrong = run('busybox', ['sh', '-c', (COMMANDS[0] as string).replace(/^wget/, 'busybox wget')], {
      env: { ...env, CRON_SECRET: 'wrong' },
    })
    await expect(wrong).rejects.toMatchObject({ code: 1 })
    expect(seen).toHaveLength(13)
  })

  it('is the one that fromCrontab reads', () => {
    const { jobs, lines } = fromCrontab(CRONTAB, { env: { API_URL: 'http://api-gateway:3003', CRON_SECRET: CRON } })
    expect(jobs).toHaveLength(13)
    expect(lines.filter(({ kind }) => kind === 'problem')).toEqual([])
  })
})
