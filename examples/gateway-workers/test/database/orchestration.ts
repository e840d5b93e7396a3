/** Orchestration on the database: the batch, the agents, retries, what is kept, and what people decide. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { select } from '../../src/db/queries.ts'
import { DAY_MS, HOUR_MS } from '../../src/db/time.ts'
import { followSettings } from '../../src/orchestration/agent-schedules.ts'
import type { AgentJob } from '../../src/orchestration/agent-job.ts'
import { listAssignments, saveSettings } from '../../src/orchestration/assignments.ts'
import { decide, listSuggestions } from '../../src/orchestration/review.ts'
import { PROJECTS } from '../../src/seed/generate-projects.ts'
import { rawHistory } from '../support/raw-history.ts'
import { agentsAtRest, dump, NOW, type SeededGateway } from '../support/seeded-gateway.ts'

export function describeOrchestration(gateway: SeededGateway): void {
  async function reset(): Promise<void> {
    await agentsAtRest(gateway)
    await gateway.reset()
  }

  const rows = <Row>(sql: string): Promise<readonly Row[]> => select<Row>(gateway.db, sql)

  interface RunRow {
    readonly id: string
    readonly project: string
    readonly agent: string
    readonly status: string
    readonly reason: string | null
    readonly origin: string
    readonly retries: number
  }

  const nameOf = (id: string): string => Object.entries(PROJECTS).find(([, own]) => own === id)?.[0] ?? id

  async function agentRuns(): Promise<readonly RunRow[]> {
    const found = await rows<RunRow>(
      `select run_id as id, project_id::text as project, agent, status, reason, origin, retries
     from gateway.agent_runs where run_id not like 'seed-%' order by project_id, agent, retries`,
    )
    return found.map((run) => ({ ...run, project: nameOf(run.project) }))
  }

  async function runBatch(): Promise<unknown> {
    const result = await gateway.run('orchestration-batch')
    await agentsAtRest(gateway)
    return result
  }

  /** All agents of a project, by hand. */
  async function runProject(id: string): Promise<unknown> {
    const result = await gateway.run('orchestration-project', { id })
    await agentsAtRest(gateway)
    return result
  }

  // One batch, looked at from several sides, then repeated, then six hours later.
  describe('orchestration-batch', () => {
    let result: unknown

    beforeAll(async () => {
      await reset()
      result = await runBatch()
    })

    it('analyses the projects that are synchronised, and runs the agents that are due', async () => {
      expect(result).toEqual({
        projects: 3,
        analysed: 2,
        failed: { [PROJECTS.firmware]: expect.stringContaining('printverse/firmware-old was not found') },
        triggered: 9,
      })
      const runs = await agentRuns()
      expect(runs.map(({ project, agent, status }) => `${project} ${agent} ${status}`)).toEqual([
        'slicer designer completed',
        'slicer developer completed',
        'slicer marketer skipped',
        'slicer researcher completed',
        'slicer seo-writer completed',
        'storefront designer completed',
        'storefront developer completed',
        // Its marketer is disabled, its researcher has no active schedule.
        'storefront seo-writer skipped',
        'firmware developer failed',
      ])
      expect(runs.map(({ origin }) => origin)).toEqual(Array(9).fill('batch'))
    })

    it('measures what stands in the file', async () => {
      const within = (text: string | null | undefined, fromMs: number): boolean =>
        typeof text === 'string' && Date.parse(text) > NOW - fromMs && Date.parse(text) <= NOW
      for (const [repository, id] of [
        ['printverse/slicer', PROJECTS.slicer],
        ['printverse/storefront', PROJECTS.storefront],
      ]) {
        const own = rawHistory.filter((record) => record.repository === repository)
        const [analysis] = await rows<{ metrics: unknown }>(
          `select metrics from gateway.github_analyses where project_id = '${id}' and period_hours = 24 and period_end = '2026-03-02T08:00:00Z'`,
        )
        const prs = own.filter(({ kind }) => kind === 'pr')
        expect(analysis?.metrics).toMatchObject({
          commits: own.filter(({ kind, at }) => kind === 'commit' && within(at, DAY_MS)).length,
          issuesOpened: own.filter(({ kind, openedAt }) => kind === 'issue' && within(openedAt, DAY_MS)).length,
          issuesClosed: own.filter(({ kind, closedAt }) => kind === 'issue' && within(closedAt, DAY_MS)).length,
          openIssues: own.filter(
            ({ kind, openedAt, closedAt }) =>
              kind === 'issue' && Date.parse(openedAt!) <= NOW && !(closedAt && Date.parse(closedAt) <= NOW),
          ).length,
          openPullRequests: prs.filter(
            ({ openedAt, mergedAt }) => Date.parse(openedAt!) <= NOW && !(mergedAt && Date.parse(mergedAt) <= NOW),
          ).length,
        })
      }
    })

    it('suggests within the settings: kinds of the agent, no more than allowed, to the review queue or past it', async () => {
      const suggestions = await rows<{ project: string; agent: string; kind: string; topic: string; status: string }>(
        'select project_id::text as project, agent, kind, topic, status from gateway.suggestions order by topic',
      )
      const of = (project: string, agent: string) => suggestions.filter((one) => one.project === project && one.agent === agent)
      const openUiIssues = rawHistory.filter(
        ({ repository, kind, labels, openedAt, closedAt }) =>
          repository === 'printverse/storefront' &&
          kind === 'issue' &&
          labels?.some((label) => ['ui', 'accessibility'].includes(label)) &&
          Date.parse(openedAt!) <= NOW &&
          !(closedAt && Date.parse(closedAt) <= NOW),
      )
      expect(openUiIssues).toHaveLength(1)
      expect(of(PROJECTS.storefront, 'designer')).toEqual([
        {
          project: PROJECTS.storefront,
          agent: 'designer',
          kind: 'design_feedback',
          topic: `ui-issue:#${openUiIssues[0]!.number}`,
          status: 'pending_review',
        },
      ])
      expect(of(PROJECTS.slicer, 'seo-writer').map(({ kind, status }) => `${kind} ${status}`)).toEqual(
        Array(3).fill('documentation approved'),
      )
      expect(of(PROJECTS.slicer, 'developer')).toHaveLength(3)
      expect(of(PROJECTS.archive, 'developer')).toEqual([])
    })

    it('leaves the reason of an agent that did nothing in its run', async () => {
      const [marketer] = (await agentRuns()).filter(({ project, agent }) => project === 'slicer' && agent === 'marketer')
      const run = await gateway.scheduler.runs.get(marketer!.id)
      expect(run).toMatchObject({ state: 'skipped', reason: `handler: ${marketer!.reason}`, key: `${PROJECTS.slicer}/marketer` })
      expect(marketer!.reason).toBe('relevance 0, actionability 0, freshness 0, value 0: below 0.5')
    })

    it('changes nothing when it is repeated', async () => {
      const after = await dump(gateway.db)
      expect(await runBatch()).toMatchObject({ triggered: 0 })
      expect(await dump(gateway.db)).toEqual(after)
    })

    it('runs six hours later only those whose frequency allows it', async () => {
      const before = (await agentRuns()).length
      gateway.now = NOW + 6 * HOUR_MS
      await runBatch()
      const later = (await agentRuns()).slice()
      const added = later.length - before
      // Of the slicer the developer (6 h); of the firmware the one that failed is still due.
      expect(added).toBe(2)
      expect(later.filter(({ project, agent }) => project === 'slicer' && agent === 'developer')).toHaveLength(2)
    })
  })

  it('an agent publishes by itself where its mode says so', async () => {
    await reset()
    // On that day a version was released.
    gateway.now = NOW + DAY_MS
    const releases = rawHistory.filter(
      ({ repository, kind, at }) =>
        repository === 'printverse/slicer' &&
        kind === 'release' &&
        Date.parse(at!) <= gateway.now &&
        Date.parse(at!) > gateway.now - 7 * DAY_MS,
    )
    expect(releases).toHaveLength(1)
    await runProject(PROJECTS.slicer)
    expect(await rows(`select kind, topic, status, decided_by from gateway.suggestions where agent = 'marketer' order by kind`)).toEqual([
      { kind: 'blog_post', topic: 'milestone:Sprint 6', status: 'published', decided_by: 'auto_publish' },
      { kind: 'release_notes', topic: `release:${releases[0]!.tag}`, status: 'published', decided_by: 'auto_publish' },
    ])
  })

  describe('by hand', () => {
    beforeEach(reset)

    it('a project runs all of its agents but the disabled one, due or not', async () => {
      const first = (await runProject(PROJECTS.storefront)) as { runs: Record<string, string> }
      expect(Object.keys(first.runs).toSorted()).toEqual(['designer', 'developer', 'marketer', 'researcher', 'seo-writer'])
      const { runs } = (await runProject(PROJECTS.storefront)) as { runs: Record<string, string> }
      const own = (await agentRuns()).filter(({ id }) => Object.values(runs).includes(id))
      expect(own.map(({ agent, status, reason }) => [agent, status, reason?.split(',')[0] ?? null])).toEqual([
        // What it suggested still waits for its review.
        ['designer', 'skipped', 'freshness 0'],
        ['developer', 'completed', null],
        ['marketer', 'skipped', 'autonomous_mode is disabled'],
        ['researcher', 'skipped', 'freshness 0'],
        ['seo-writer', 'skipped', expect.stringContaining('below 0.9')],
      ])
    })

    it('a project that is not synchronised is analysed, but its agents do nothing', async () => {
      await runProject(PROJECTS.archive)
      expect(new Set((await agentRuns()).map(({ reason }) => reason))).toEqual(new Set(['github_sync_enabled is false']))
      expect(await rows('select * from gateway.suggestions')).toEqual([])
    })

    it('an analysis of any period sets no agent to work', async () => {
      const commits = rawHistory.filter(
        ({ repository, kind, at }) =>
          repository === 'printverse/slicer' && kind === 'commit' && Date.parse(at!) > NOW - 72 * HOUR_MS && Date.parse(at!) <= NOW,
      )
      const result = await gateway.run('orchestration-analyze-github', { id: PROJECTS.slicer, periodHours: 72 })
      expect(result).toMatchObject({ metrics: { commits: commits.length } })
      expect(await agentRuns()).toEqual([])
      expect(await rows(`select period_hours from gateway.github_analyses where period_end > '2026-03-01'`)).toEqual([{ period_hours: 72 }])
    })
  })

  describe('orchestration-retry-failed', () => {
    beforeEach(reset)

    it('tries again what failed, once, and leaves the rest alone', async () => {
      await runProject(PROJECTS.firmware)
      const shipped = gateway.source
      gateway.source = { read: (_, at, signal) => shipped.read('printverse/storefront', at, signal) }
      expect(await gateway.run('orchestration-retry-failed')).toEqual({ retried: 1 })
      await agentsAtRest(gateway)
      const own = (await agentRuns()).filter(({ project }) => project === 'firmware')
      expect(own.map(({ status, origin, retries }) => ({ status, origin, retries }))).toEqual([
        { status: 'retried', origin: 'project', retries: 0 },
        { status: 'completed', origin: 'retry', retries: 1 },
      ])
      const after = await dump(gateway.db)
      expect(await gateway.run('orchestration-retry-failed')).toEqual({ retried: 0 })
      expect(await dump(gateway.db)).toEqual(after)
    })

    it('tries again what could not be committed', async () => {
      await gateway.db.query('alter table gateway.suggestions add constraint full_up check (false) not valid')
      await runProject(PROJECTS.slicer).finally(() => gateway.db.query('alter table gateway.suggestions drop constraint full_up'))
      const failed = (await agentRuns()).filter(({ status }) => status === 'failed')
      expect(failed.map(({ reason }) => reason)).toEqual(failed.map(() => expect.stringContaining('full_up')))
      expect(failed.length).toBeGreaterThan(0)
      expect(await gateway.run('orchestration-retry-failed')).toEqual({ retried: failed.length })
      await agentsAtRest(gateway)
      expect((await agentRuns()).filter(({ origin }) => origin === 'retry').map(({ status }) => status)).toEqual(
        failed.map(() => 'completed'),
      )
    })

    it('gives up after three times', async () => {
      await runProject(PROJECTS.firmware)
      const retried: unknown[] = []
      for (let hour = 0; hour < 5; hour += 1) {
        retried.push(((await gateway.run('orchestration-retry-failed')) as { retried: number }).retried)
        await agentsAtRest(gateway)
      }
      expect(retried).toEqual([1, 1, 1, 0, 0])
      expect((await agentRuns()).filter(({ project }) => project === 'firmware').map(({ status }) => status)).toEqual([
        'retried',
        'retried',
        'retried',
        'failed',
      ])
    })
  })

  describe('orchestration-cleanup', () => {
    beforeEach(reset)

    it('keeps logs for 30 days, or as long as it is told', async () => {
      // The file has some that are 10, 29, 31 and 45 days old.
      expect(await gateway.run('orchestration-cleanup')).toEqual({ runs: 2, analyses: 2 })
      const after = await dump(gateway.db)
      expect(await gateway.run('orchestration-cleanup')).toEqual({ runs: 0, analyses: 0 })
      expect(await dump(gateway.db)).toEqual(after)
      expect(await gateway.run('orchestration-cleanup', { retentionDays: 20 })).toEqual({ runs: 1, analyses: 1 })
      expect(await rows('select run_id from gateway.agent_runs')).toEqual([{ run_id: 'seed-10' }])
    })
  })

  describe('the review queue', () => {
    beforeEach(reset)

    it('lets what waits be approved or rejected, once, and what is approved be published', async () => {
      await runProject(PROJECTS.storefront)
      const [first, second] = await listSuggestions(gateway.db, 'pending_review')
      const at = gateway.now
      expect(await decide(gateway.db, { id: first!.id, verdict: 'published', by: 'mira', at })).toBe(false)
      expect(await decide(gateway.db, { id: first!.id, verdict: 'approved', by: 'mira', at })).toBe(true)
      expect(await decide(gateway.db, { id: first!.id, verdict: 'rejected', by: 'jon', at })).toBe(false)
      expect(await decide(gateway.db, { id: first!.id, verdict: 'published', by: 'jon', at })).toBe(true)
      expect(await decide(gateway.db, { id: second!.id, verdict: 'rejected', by: 'jon', at })).toBe(true)
      const waiting = await listSuggestions(gateway.db, 'pending_review')
      expect(waiting.map(({ id }) => id)).not.toContain(second!.id)
      expect((await listSuggestions(gateway.db, 'published')).map(({ id, decidedBy }) => [id, decidedBy])).toEqual([[first!.id, 'jon']])
    })

    it('what was rejected is not suggested again within the cooldown, and after it is', async () => {
      await runProject(PROJECTS.storefront)
      const [designs] = await rows<{ id: string }>(
        `select id from gateway.suggestions where project_id = '${PROJECTS.storefront}' and agent = 'designer'`,
      )
      await decide(gateway.db, { id: designs!.id, verdict: 'rejected', by: 'jon', at: gateway.now })
      const countAfter = async (hours: number): Promise<number> => {
        gateway.now = NOW + hours * HOUR_MS
        await runProject(PROJECTS.storefront)
        const found = await rows(`select id from gateway.suggestions where project_id = '${PROJECTS.storefront}' and topic =
        (select topic from gateway.suggestions where id = '${designs!.id}')`)
        return found.length
      }
      expect([await countAfter(71), await countAfter(72)]).toEqual([1, 2])
    })
  })

  describe('schedules of agents', () => {
    beforeEach(reset)

    const follow = () => followSettings(gateway.db, gateway.scheduler, gateway.job('orchestration-agent') as unknown as AgentJob)
    const stored = async () =>
      (await gateway.scheduler.schedules.list({ job: 'orchestration-agent' })).map(({ key, description }) => {
        const [project = '', agent] = key.split('/')
        return `${nameOf(project)} ${agent} ${description}`
      })

    it('follow the settings: one for each that runs by itself, every frequency_hours', async () => {
      expect(await follow()).toEqual({ set: 9, removed: 0 })
      expect(await stored()).toEqual([
        'slicer designer every 1d',
        'slicer developer every 6h',
        'slicer marketer every 1w',
        'slicer researcher every 1d',
        'slicer seo-writer every 12h',
        'storefront designer every 12h',
        'storefront developer every 1d',
        'storefront seo-writer every 1d',
        'firmware developer every 1d',
      ])
      expect(await follow()).toEqual({ set: 0, removed: 0 })

      const [developer] = (await listAssignments(gateway.db, PROJECTS.slicer)).filter(({ agent }) => agent === 'developer')
      await saveSettings(gateway.db, developer!, { ...developer!.settings, frequencyHours: 1 })
      await gateway.db.query(`update gateway.projects set github_sync_enabled = false where id = '${PROJECTS.storefront}'`)
      expect(await follow()).toEqual({ set: 1, removed: 3 })
      expect(await stored()).toContain('slicer developer every 1h')
      expect(await stored()).toHaveLength(6)
    })
  })
}
