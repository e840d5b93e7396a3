/** `pnpm --filter feedback-cron demo`: the API and the service in one process, six hours shrunk to two seconds by configuration alone. */
import { memoryStore } from '@quarterjack/core'
import { z } from 'zod'
import { startApi } from './api/start-api.ts'
import { readConfig } from './config.ts'
import { type Check, checkDemo } from './demo-checks.ts'
import { formatAudit, formatHealth, formatRuns, formatTime } from './demo-report.ts'
import { createFeedbackService } from './feedback-service.ts'

const KEY = 'demo-key'
const BASE = '/api/v2/agent/feedback'
/** Far more than any step takes: a slow machine is no failure. */
const STEP_DEADLINE_MS = 120_000
const JOB = 'feedback-aggregate'
const WATCHED = { agent: 'thread-triage', action: 'archive' }

const checks = await demo()
process.exitCode = checks.every(({ ok }) => ok) ? 0 : 1

async function demo(): Promise<readonly Check[]> {
  const api = await startApi({ apiKey: KEY, port: 0 })
  const environment = {
    BACKFILL_API_KEY: KEY,
    AGENT_FEEDBACK_API_URL: `${api.url}${BASE}/aggregate`,
    AGENT_FEEDBACK_EVERY_HOURS: '0.0005',
    AGENT_FEEDBACK_TIMEOUT: '1',
    AGENT_FEEDBACK_RETRY_DELAY: '0.2',
    AGENT_FEEDBACK_HEALTH_PORT: '0',
  }
  const config = readConfig(environment)
  const service = createFeedbackService(config, { store: memoryStore(), write: (line) => console.log(`   │ ${line}`) })
  const { scheduler } = service
  try {
    title('A container that called a feedback API every six hours, rebuilt with Quarterjack')
    text(
      'The same program as in production; only its environment differs:',
      ...Object.entries(environment).map(([name, value]) => `  ${name}=${value === KEY ? '…' : value}`),
    )

    title('1. It starts: one run at once, and a slot every 0.0005 hours (1.8 s) from now on')
    const first = untilRun('succeeded')
    await untilJustPastSlot(config.everyMs)
    const healthUrl = await service.start()
    await first
    const previewed = (await scheduler.preview(JOB, { count: 3 })).map(({ slot }) => slot)
    text(`The next three slots, announced before they are due: ${previewed.map(formatTime).join(', ')}`)
    const before = await weight()

    title('2. Users undo what an agent archived; the next slot learns from it')
    await post(`${BASE}/events`, { events: undone(12, '2025-11-20T14:05:00Z') })
    await untilRun('succeeded')
    const after = await weight()
    text(`The weight of ${WATCHED.agent}/${WATCHED.action} fell from ${before} to ${after}.`)

    title('3. The API is told to fail once: the run is tried again, its slot is not lost')
    await post(`${BASE}/events`, { events: undone(3, '2025-11-20T20:05:00Z') })
    await post('/api/admin/faults', { kind: 'fail', times: 1, status: 503 })
    await untilRun('succeeded')

    title('4. A slot without new feedback: the job skips it and says why; that is on record too')
    await untilRun('skipped')

    title('5. What the scheduler knows')
    const runs = (await scheduler.runs.find({ job: JOB })).toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
    const response = await fetch(`${healthUrl}/health`)
    const [health, audit] = [await scheduler.health(), await scheduler.audit()]
    text('Runs:', formatRuns(runs), '')
    text(`Health (GET ${healthUrl}/health answers ${response.status}):`, formatHealth(health), '')
    text('Audit, every slot worked out anew and looked up:', formatAudit(audit), '')
    text('Next slots:', (await scheduler.preview(JOB, { count: 3 })).map(({ slot }) => formatTime(slot)).join(', '))

    title('6. What had to be true')
    const verdicts = [
      ...checkDemo({ runs, previewed, weights: [before, after], health, audit }),
      { claim: 'its health endpoint answers 200', ok: response.status === 200 },
    ]
    text(...verdicts.map(({ claim, ok }) => `${ok ? '✓' : '✗ NOT TRUE:'} ${claim}`))
    return verdicts
  } finally {
    await service.stop()
    await api.close()
  }

  function untilRun(end: 'succeeded' | 'skipped'): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`no run ${end} within ${STEP_DEADLINE_MS} ms`)), STEP_DEADLINE_MS)
      const off = scheduler.on(`run.${end}`, () => {
        clearTimeout(deadline)
        off()
        // After the service's own lines about this run.
        setTimeout(resolve, 20)
      })
    })
  }

  async function post(path: string, body: unknown): Promise<void> {
    const response = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`)
  }

  async function weight(): Promise<number> {
    const response = await fetch(`${api.url}${BASE}/weights`, { headers: { 'x-api-key': KEY } })
    const { weights } = z
      .object({ weights: z.array(z.looseObject({ agent: z.string(), action: z.string(), weight: z.number() })) })
      .parse(await response.json())
    return weights.find(({ agent, action }) => agent === WATCHED.agent && action === WATCHED.action)?.weight ?? Number.NaN
  }
}

/** Feedback that came in at `at`, just after the shipped events. */
function undone(count: number, at: string): unknown[] {
  return Array.from({ length: count }, (_, index) => ({
    ...WATCHED,
    id: `${Date.parse(at)}-${index}`,
    at,
    user: 'user-02',
    kind: 'thread',
    verdict: 'undone',
  }))
}

/** The story is easier to follow when its first slot does not come together with the start. */
function untilJustPastSlot(everyMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, everyMs - (Date.now() % everyMs) + 100))
}

function title(line: string): void {
  console.log(`\n${line}`)
}

function text(...blocks: readonly string[]): void {
  console.log(blocks.join('\n').replace(/^(?=.)/gm, '   '))
}
