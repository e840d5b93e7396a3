/** Metrics: what is counted and looked at, in whose registry, and that nothing is loaded for those who want none. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { HealthSnapshot, Scheduler } from '@quarterjack/core'
import { fakeClock } from '@quarterjack/core/testing'
import { Registry } from 'prom-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authorizeTokens, collectMetrics, createHandler, METRICS } from '../../src/index.ts'
import { handling, READ } from '../support/handling.ts'
import { valuesOf } from '../support/prometheus.ts'

const MONITORING = new URL('../../../../docs/monitoring/', import.meta.url)

async function ended(scheduler: Scheduler, job: string, payload?: unknown): Promise<void> {
  const known = scheduler.jobs.find(({ name }) => name === job) as never
  await (await scheduler.trigger(known, payload as never)).finished().catch(() => undefined)
}

describe('collectMetrics', () => {
  it('counts how attempts end, how long they take and how late they start', async () => {
    const { scheduler } = await handling()
    const metrics = await collectMetrics(scheduler)
    onTestFinished(() => metrics.stop())
    await ended(scheduler, 'plain')
    await ended(scheduler, 'plain')
    await ended(scheduler, 'fails')
    await ended(scheduler, 'idle')
    const text = await metrics.text()
    expect(valuesOf(text, 'quarterjack_runs_total')).toEqual({
      'job="plain",outcome="succeeded"': 2,
      'job="fails",outcome="dead"': 1,
      'job="idle",outcome="skipped"': 1,
    })
    expect(valuesOf(text, 'quarterjack_dead_letters_total')).toEqual({
      'job="plain"': 0,
      'job="with-payload"': 0,
      'job="fails"': 1,
      'job="idle"': 0,
    })
    expect(valuesOf(text, 'quarterjack_run_duration_seconds_count')).toEqual({
      'job="plain",outcome="succeeded"': 2,
      'job="fails",outcome="dead"': 1,
    })
    expect(valuesOf(text, 'quarterjack_run_lateness_seconds_count')).toMatchObject({ 'job="plain"': 2, 'job="fails"': 1 })
  })

  it('shows the health of all processes', async () => {
    const { scheduler } = await handling()
    for (let failure = 0; failure < 3; failure++) await ended(scheduler, 'fails')
    await scheduler.suspend('idle', 'for now')
    await scheduler.trigger(scheduler.jobs.find(({ name }) => name === 'plain') as never, undefined as never, { delay: '1h' })
    const metrics = await collectMetrics(scheduler)
    const text = await metrics.text()
    expect(valuesOf(text, 'quarterjack_healthy')).toEqual({ '': 0 })
    expect(valuesOf(text, 'quarterjack_job_healthy')).toMatchObject({ 'job="fails"': 0, 'job="plain"': 1, 'job="idle"': 1 })
    expect(valuesOf(text, 'quarterjack_job_suspended')).toMatchObject({ 'job="idle"': 1, 'job="plain"': 0 })
    expect(valuesOf(text, 'quarterjack_consecutive_failures')).toMatchObject({ 'job="fails"': 3 })
    expect(valuesOf(text, 'quarterjack_queue_depth')).toMatchObject({ 'job="plain",state="pending"': 1, 'job="plain",state="running"': 0 })
    expect(valuesOf(text, 'quarterjack_store_reachable')).toEqual({ '': 1 })
    expect(valuesOf(text, 'quarterjack_owners')).toEqual({ '': 1 })
    expect(Object.keys(valuesOf(text, 'quarterjack_store_latency_seconds'))).toEqual([
      'quantile="0.5"',
      'quantile="0.95"',
      'quantile="0.99"',
    ])
  })

  it('makes exactly the metrics that are listed, in the registry that is given, and takes them out again', async () => {
    const { scheduler } = await handling()
    const registry = new Registry()
    const metrics = await collectMetrics(scheduler, { registry })
    const types = (text: string): string[] => [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, kind]) => `${name} ${kind}`)
    expect(types(await registry.metrics()).sort()).toEqual(METRICS.map(({ name, kind }) => `${name} ${kind}`).sort())
    metrics.stop()
    expect((await registry.metrics()).trim()).toBe('')
    // Nothing is counted any more, and another may begin.
    await ended(scheduler, 'plain')
    const again = await collectMetrics(scheduler, { registry })
    expect(valuesOf(await again.text(), 'quarterjack_runs_total')).toEqual({})
  })

  it('shares one look at the store with all that ask within the interval', async () => {
    const { scheduler } = await handling()
    let looks = 0
    const watch = (): Promise<HealthSnapshot> => {
      looks++
      return scheduler.health()
    }
    const watched = { ...scheduler, health: watch } as Scheduler
    const clock = fakeClock()
    const metrics = await collectMetrics(watched, { clock })
    const handler = createHandler(watched, { metrics, clock, logger: false, authorize: authorizeTokens({ read: READ }) })
    const scrape = async (): Promise<Response> =>
      handler(new Request('http://localhost/metrics', { headers: { authorization: `Bearer ${READ}` } }))
    const answers = await Promise.all([...Array.from({ length: 20 }, scrape), handler(new Request('http://localhost/health'))])
    expect(looks).toBe(1)
    expect(answers[0]?.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(await answers[0]?.text()).toContain('quarterjack_healthy 1')
    await clock.advance(1_001)
    await scrape()
    expect(looks).toBe(2)
  })

  it('/metrics is 404 without them, and 403 without permission', async () => {
    const { scheduler } = await handling()
    const handler = createHandler(scheduler, { logger: false, authorize: authorizeTokens({ read: READ }) })
    expect((await handler(new Request('http://localhost/metrics', { headers: { authorization: `Bearer ${READ}` } }))).status).toBe(404)
    expect((await handler(new Request('http://localhost/metrics'))).status).toBe(403)
  })
})

describe('prom-client', () => {
  it('is loaded by collectMetrics, and by nothing before', async () => {
    const script = `
      const { registerHooks } = await import('node:module')
      const loaded = []
      registerHooks({ resolve(specifier, context, next) { if (specifier === 'prom-client') loaded.push(specifier); return next(specifier, context) } })
      const { collectMetrics, createHandler } = await import('@quarterjack/adapter-http')
      const { createScheduler, memoryStore } = await import('@quarterjack/core')
      const scheduler = createScheduler({ store: memoryStore(), logger: false, jobs: [] })
      createHandler(scheduler)
      const before = loaded.length
      await collectMetrics(scheduler)
      console.log(JSON.stringify([before, loaded.length]))
    `
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@quarterjack/source', '--input-type=module', '-e', script],
      {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
      },
    )
    expect(JSON.parse(stdout)).toEqual([0, 1])
  })
})

describe('collectMetrics refuses', () => {
  it.each<[options: object, words: string]>([
    [{ registr: 1 }, '"registr" is not an option. Did you mean "registry"?'],
    [{ prefix: 'app_' }, '"prefix" is not an option: the names are fixed'],
    [{ registry: {} }, 'registry: must be a Registry of prom-client: new Registry(); this is {}.'],
    [{ cacheFor: 'soon' }, 'cacheFor: "soon" is not a duration.'],
  ])('%j', async (options, words) => {
    const { scheduler } = await handling()
    await expect(collectMetrics(scheduler, options)).rejects.toMatchObject({
      code: 'InvalidOption',
      message: expect.stringContaining(words),
    })
  })

  it('what is no scheduler', async () => {
    await expect(collectMetrics(undefined as never)).rejects.toMatchObject({ code: 'InvalidOption' })
  })

  it('a registry that has such metrics, until they are stopped', async () => {
    const { scheduler } = await handling()
    const registry = new Registry()
    const first = await collectMetrics(scheduler, { registry })
    await expect(collectMetrics(scheduler, { registry })).rejects.toMatchObject({
      code: 'InvalidOption',
      message: expect.stringMatching(/registry: it has quarterjack_\w+ already\. Call stop\(\).* or give each scheduler a registry/),
    })
    first.stop()
    const again = await collectMetrics(scheduler, { registry })
    again.stop()
  })
})

describe('docs/monitoring', () => {
  const files = readdirSync(MONITORING)

  it('has a dashboard and alert rules', () => {
    expect(files).toEqual(expect.arrayContaining(['grafana-dashboard.json', 'alert-rules.yaml']))
    const dashboard = JSON.parse(readFileSync(new URL('grafana-dashboard.json', MONITORING), 'utf8')) as {
      panels: { title: string; targets: { expr: string }[] }[]
    }
    expect(dashboard.panels.length).toBeGreaterThan(8)
    for (const { title, targets } of dashboard.panels)
      expect([title, targets.every(({ expr }) => expr.includes('quarterjack_'))]).toEqual([title, true])
  })

  it.each(files)('%s names only metrics and labels that exist', (file) => {
    const text = readFileSync(new URL(file, MONITORING), 'utf8')
    const names = new Map(
      METRICS.flatMap(({ name, kind, labels }) =>
        (kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map((end) => [`${name}${end}`, labels]),
      ),
    )
    const used = [...text.matchAll(/\b(quarterjack_\w+)(?:\{([^}]*)\})?/g)]
    expect(used.length).toBeGreaterThan(5)
    for (const [, name = '', filter = ''] of used) {
      expect([name, names.has(name)]).toEqual([name, true])
      for (const [, label = ''] of filter.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)) {
        expect([name, label, [...(names.get(name) ?? []), 'le', 'instance'].includes(label)]).toEqual([name, label, true])
      }
    }
  })
})
