/** The whole service over real HTTP on an embedded database: an item is followed from its arrival to the pull request. */
import { createHmac } from 'node:crypto'
import { NonRetryableError } from '@quarterjack/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embed, type Vector } from '../src/clusters/embed.ts'
import { DEV_SENTRY_SECRET } from '../src/config.ts'
import { type Agent, processAgent } from '../src/fixes/agent.ts'
import { TABLES } from '../src/transfer/tables.ts'
import { type Answer, type AnswerBody, type Client, startClient } from './support/client.ts'
import { poll } from './support/poll.ts'

/** What the next attempts of the agent do before they reach the real one. */
const faults: Error[] = []
const agent: Agent = async (task, onProgress, signal) => {
  const fault = faults.shift()
  if (fault !== undefined) throw fault
  return processAgent(task, onProgress, signal)
}

/** What the next embeddings do instead. */
const embedFaults: Error[] = []
const embedOrFail = (text: string): Vector => {
  const fault = embedFaults.shift()
  if (fault !== undefined) throw fault
  return embed(text)
}

const TOKENS = { INGEST_TOKEN: 'ingest-token-0001', DASHBOARD_TOKEN: 'dashboard-token-1', ADMIN_TOKEN: 'admin-token-00001' }
/** To try it on a server: PIPELINE_DATABASE_URL. */
const { PIPELINE_DATABASE_URL: DATABASE_URL = '' } = process.env
const env = {
  DATABASE_URL,
  PORT: '0',
  CLUSTER_WAIT_MS: '100',
  AGENT_STEP_MS: '0',
  INGEST_PER_MINUTE: '30',
  POLL_EVERY_MS: '86400000',
  ...TOKENS,
}
const dashboard = TOKENS.DASHBOARD_TOKEN
const admin = TOKENS.ADMIN_TOKEN

let client: Client
beforeAll(async () => {
  client = await startClient(env, { agent, embed: embedOrFail, retryMs: 1 })
})
afterAll(() => client.pipeline.stop())

const call = (...args: Parameters<Client['call']>): Promise<Answer> => client.call(...args)

async function clusterOf(title: RegExp): Promise<AnswerBody> {
  const { body } = await call('GET', '/clusters', { token: dashboard })
  const found = body.clusters.find((cluster) => title.test(cluster.title))
  return (await call('GET', `/clusters/${found?.id}`, { token: dashboard })).body
}

/** Starts a fix and waits for its end. */
async function fixOf(clusterId: string): Promise<AnswerBody> {
  const { body } = await call('POST', `/clusters/${clusterId}/fix`, { token: dashboard })
  return jobAtRest(body.job.id)
}

const jobAtRest = (id: string): Promise<AnswerBody> =>
  poll('the fix', async () => {
    const { body } = await call('GET', `/jobs/${id}`, { token: dashboard })
    return (body.status === 'succeeded' || body.status === 'failed') && body
  })

const sendForm = (fields: Record<string, string>, requestId: string): Promise<Answer> =>
  call('POST', '/ingest/manual', {
    token: dashboard,
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-request-id': requestId },
  })

describe('ingest', () => {
  it('the poller hands in what is on Reddit, page by page, and it is clustered', async () => {
    await poll('24 posts in clusters', async () => {
      const { body } = await call('GET', '/clusters', { token: dashboard })
      return body.clusters.reduce((sum, { size }) => sum + size, 0) === 24
    })
    const { feedback } = await clusterOf(/csv/i)
    expect(feedback.map((item) => item.source)).toEqual(['reddit', 'reddit', 'reddit', 'reddit'])
  })

  it('an issue of Sentry comes in once, if the signature is right', async () => {
    const body = JSON.stringify({ action: 'created', data: { issue: { id: '9001', title: 'TypeError: payments webhook' } } })
    const signature = createHmac('sha256', DEV_SENTRY_SECRET).update(body).digest('hex')
    const send = (sign: string): Promise<Answer> =>
      call('POST', '/ingest/sentry', { body, token: null, headers: { 'sentry-hook-signature': sign } })
    const answers = [await send(signature), await send(signature), await send('0'.repeat(64))]
    expect(answers.map(({ status, body: { results } }) => [status, results?.[0]?.outcome])).toEqual([
      [200, 'created'],
      [200, 'duplicate'],
      [401, undefined],
    ])
    expect(answers[0]!.body.results[0]!.id).toBe(answers[1]!.body.results[0]!.id)
  })

  it('posts that cannot be understood do not hold up the others', async () => {
    const post = (name: string) => ({ kind: 't3', data: { name, title: 'Refund for a double charge', created_utc: 1_700_000_000 } })
    const { body } = await call('POST', '/ingest/reddit', { token: TOKENS.INGEST_TOKEN, body: { posts: [post('t3_x'), {}, post('t3_x')] } })
    expect(body.results.map(({ outcome }) => outcome)).toEqual(['created', 'duplicate'])
    expect(body.refused).toMatchObject([{ index: 1 }])
  })

  it('is slowed down, and says until when', async () => {
    const { status, headers } = await call('POST', '/ingest/reddit', { token: TOKENS.INGEST_TOKEN, body: { posts: Array(30).fill({}) } })
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it.each<[string, string, string | null, number]>([
    ['GET', '/clusters', null, 401],
    ['GET', '/clusters', TOKENS.INGEST_TOKEN, 403],
    ['POST', '/ingest/reddit', dashboard, 403],
    ['POST', '/ingest/manual', 'guessed', 401],
    ['GET', '/export', dashboard, 403],
    ['GET', '/ops/runs', TOKENS.INGEST_TOKEN, 403],
    ['GET', '/nothing', admin, 404],
    ['GET', '/jobs/x', dashboard, 404],
    ['POST', '/clusters/0/fix', dashboard, 404],
  ])('%s %s with %j is answered %i', async (method, path, token, status) => {
    expect((await call(method, path, { token })).status).toBe(status)
  })
})

describe('an item on its way', () => {
  it('comes in by the form, is clustered, fixed, and followed by the id of its request', async () => {
    const sent = await sendForm({ title: 'CSV export stops at 1000 rows', body: 'My export has 1000 rows only' }, 'form-1')
    expect([sent.status, sent.headers.get('x-request-id')]).toEqual([200, 'form-1'])
    const feedbackId = sent.body.results[0]!.id
    const cluster = await poll('its cluster', async () => {
      const found = await clusterOf(/csv/i)
      return found.feedback.some(({ id }) => id === feedbackId) && found
    })

    // Asked for three times at once, it is one.
    const asked = await Promise.all([1, 2, 3].map(() => call('POST', `/clusters/${cluster.id}/fix`, { token: dashboard })))
    expect(asked.map(({ status }) => status).sort()).toEqual([200, 200, 202])
    const [jobId, ...others] = new Set(asked.map(({ body }) => body.job.id))
    expect(others).toEqual([])

    const stream = await call('GET', `/jobs/${jobId}`, { token: dashboard, headers: { accept: 'text/event-stream' } })
    const steps = [...stream.text.matchAll(/"step":"([\w-]+)","message"/g)].map(([, step]) => step)
    expect(steps).toEqual(['start', 'clone', 'locate', 'patch', 'test', 'pull-request', 'done'])
    const resumed = await call('GET', `/jobs/${jobId}`, {
      token: dashboard,
      headers: { accept: 'text/event-stream', 'last-event-id': '6' },
    })
    expect(resumed.text.match(/^id: .*$/gm)).toEqual(['id: 7'])

    const job = await jobAtRest(jobId!)
    expect(job).toMatchObject({ status: 'succeeded', percent: 100, prUrl: expect.stringMatching(/^https:\/\/github\.com\/acme-sandbox/) })
    expect(await clusterOf(/csv/i)).toMatchObject({ status: 'pr_open', prUrl: job.prUrl })
    const again = await call('POST', `/clusters/${cluster.id}/fix`, { token: dashboard })
    expect([again.status, again.body]).toEqual([200, { isNew: false, job }])

    const { entries } = (await call('GET', '/audit?requestId=form-1', { token: admin })).body
    const trail = entries.map(({ actor, action }) => `${actor} ${action}`)
    expect(trail).toEqual([
      'dashboard feedback.ingested',
      'cluster-feedback feedback.clustered',
      'dashboard fix.queued',
      'fix-issue fix.started',
      'fix-issue fix.succeeded',
    ])
    await poll('the last span', () => client.lines.some(({ span }) => span === 'run fix-issue'))
    const mine = client.lines.filter((line) => line.requestId === 'form-1' || (line.requestIds as string[] | undefined)?.includes('form-1'))
    expect(mine.map(({ msg, span }) => span ?? msg)).toEqual([
      'ingested',
      'POST /ingest/manual',
      'request',
      'clustered',
      'run cluster-feedback',
      'fix started',
      'run fix-issue',
    ])
    const [arrival, ...runs] = mine.filter(({ msg }) => msg === 'span')
    for (const run of runs) expect(run.links).toContain(`${String(arrival?.traceId)}/${String(arrival?.spanId)}`)
  })
})

describe('what goes wrong', () => {
  it('clustering that fails is tried again, and nothing of it is lost or done twice', async () => {
    embedFaults.push(new Error('the model is busy'))
    const { body } = await sendForm({ title: 'Dark mode: grey text has no contrast' }, 'form-3')
    const { id } = body.results[0]!
    await poll('its cluster', async () => (await clusterOf(/dark/i)).feedback.some((item) => item.id === id))
    const { entries } = (await call('GET', '/audit?requestId=form-3', { token: admin })).body
    expect(entries.map(({ action }) => action)).toEqual(['feedback.ingested', 'feedback.clustered'])
    expect(embedFaults).toEqual([])
  })

  it('a fix that fails for a moment is tried again', async () => {
    faults.push(new Error('the network is down'))
    const { id } = await clusterOf(/sso|okta|login/i)
    expect(await fixOf(id)).toMatchObject({ status: 'succeeded' })
    const [job] = (await clusterOf(/sso|okta|login/i)).jobs
    const { text } = await call('GET', `/jobs/${job!.id}`, { token: dashboard, headers: { accept: 'text/event-stream' } })
    expect(text).toContain('attempt 1: the network is down')
  })

  it('one that fails for good is a dead letter, and succeeds when it is replayed', async () => {
    faults.push(new NonRetryableError('no access to the sandbox'))
    const { id } = await clusterOf(/charge|invoice/i)
    const failed = await fixOf(id)
    expect(failed).toMatchObject({ status: 'failed', error: 'no access to the sandbox' })
    expect(await clusterOf(/charge|invoice/i)).toMatchObject({ status: 'open' })
    const { jobs } = (await call('GET', '/dead-letters', { token: admin })).body
    expect(jobs).toMatchObject([{ id: failed.id, error: 'no access to the sandbox' }])

    // As if the process that saw it die had died before it could say so.
    await client.pipeline.db.query(
      `update pipeline.agent_jobs set status = 'running', updated_at = now() - interval '1 hour' where id = $1`,
      [failed.id],
    )
    const headers = { 'content-type': 'application/json' }
    expect((await call('POST', '/ops/jobs/settle-fixes/trigger?wait=10s', { token: admin, body: {}, headers })).status).toBe(200)
    expect(await jobAtRest(failed.id)).toMatchObject({ status: 'failed', error: expect.stringContaining('its run is dead') })

    const replayed = await call('POST', '/dead-letters/replay', { token: admin, body: { ids: [failed.id] } })
    expect(replayed.body).toEqual({ feedback: 0, jobs: 1 })
    expect(await jobAtRest(failed.id)).toMatchObject({ id: failed.id, status: 'succeeded' })
    expect((await call('GET', '/dead-letters', { token: admin })).body.jobs).toEqual([])
  })

  it('an item without words is a dead letter, too', async () => {
    const { body } = await sendForm({ title: '😀 !!!' }, 'form-2')
    const { id } = body.results[0]!
    const isDead = () =>
      poll('the dead letter', async () => {
        const { feedback } = (await call('GET', '/dead-letters', { token: admin })).body
        return feedback.some((item) => item.id === id)
      })
    await isDead()
    expect((await call('POST', '/dead-letters/replay', { token: admin, body: { ids: [id] } })).body).toEqual({ feedback: 1, jobs: 0 })
    await isDead()
    const { entries } = (await call('GET', '/audit?requestId=form-2', { token: admin })).body
    expect(entries.map(({ action }) => action)).toEqual(['feedback.ingested', 'feedback.dead', 'feedback.replayed', 'feedback.dead'])
  })
})

describe('operating it', () => {
  it('counts what came in, how long clustering took, and how fixes ended', async () => {
    const { text } = await call('GET', '/ops/metrics', { token: dashboard })
    const value = (series: string): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')[1],
      )
    expect({
      polled: value('pipeline_feedback_total{source="reddit",outcome="created"}'),
      repeated: value('pipeline_feedback_total{source="sentry",outcome="duplicate"}'),
      limited: value('pipeline_feedback_total{source="reddit",outcome="limited"}'),
      clustered: value('pipeline_clustering_latency_seconds_count'),
      succeeded: value('pipeline_fixes_total{outcome="succeeded"}'),
      failed: value('pipeline_fixes_total{outcome="failed"}'),
      deaths: value('quarterjack_dead_letters_total{job="fix-issue"}'),
    }).toEqual({ polled: 25, repeated: 1, limited: 30, clustered: 28, succeeded: 3, failed: 2, deaths: 1 })
  })

  it('is healthy for everybody', async () => {
    expect((await call('GET', '/ops/health', { token: null })).body).toEqual({ status: 'ok' })
  })

  it('has a page for people, which loads nothing from elsewhere', async () => {
    const { headers, text } = await call('GET', '/', { token: null })
    expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    for (const [, path] of text.matchAll(/(?:src|href)="([^"]+)"/g)) expect((await call('GET', path!, { token: null })).status).toBe(200)
  })

  it('everything can be taken out, and put in again', async () => {
    const dataOf = (text: string): readonly string[] => text.split('\n').filter((line) => !/"format"|data\.imported/.test(line))
    const taken = (await call('GET', '/export', { token: admin })).text
    const nothingNew = await call('POST', '/import', { token: admin, body: taken })
    expect(nothingNew.body.rows).toEqual({ clusters: 0, feedback: 0, agent_jobs: 0, job_events: 0, audit: 0 })

    await client.pipeline.db.query(`truncate ${TABLES.map((table) => `pipeline.${table}`).join(', ')}`)
    const { body } = await call('POST', '/import', { token: admin, body: taken })
    expect(body.rows).toMatchObject({ feedback: 29, agent_jobs: 3 })
    expect(dataOf((await call('GET', '/export', { token: admin })).text)).toEqual(dataOf(taken))

    const broken = await call('POST', '/import', {
      token: admin,
      body: taken.replace('"status":"clustered"', '"status":"lost"'),
    })
    expect([broken.status, broken.body.error]).toEqual([422, expect.stringContaining('The rows do not fit')])
  })
})
