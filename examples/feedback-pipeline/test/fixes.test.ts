/** Pure parts of fixes, of following an item, of the stand-in for Reddit, of exports. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type JobChange, JOB_STATUSES, nextStatus, sourcesOf, deathOf } from '../src/fixes/job-status.ts'
import { type MappedFile, planFix } from '../src/fixes/plan-fix.ts'
import { gatherRequestIds, MOST_REQUEST_IDS, requestIdOf } from '../src/follow/request-id.ts'
import { linksTo } from '../src/follow/tracing.ts'
import { listPosts, type ShippedPost } from '../src/reddit/visible-posts.ts'
import { parseExport } from '../src/transfer/import-data.ts'

describe('the status of a fix', () => {
  it.each<[JobChange, readonly (string | null)[]]>([
    // queued, running, succeeded, failed
    ['start', ['running', 'running', null, 'running']],
    ['succeed', [null, 'succeeded', null, null]],
    ['die', ['failed', 'failed', null, null]],
    ['replay', [null, null, null, 'queued']],
  ])('%s', (change, expected) => {
    expect(JOB_STATUSES.map((status) => nextStatus(status, change))).toEqual(expected)
    expect(sourcesOf(change)).toEqual(JOB_STATUSES.filter((_, at) => expected[at] !== null))
  })

  it.each([
    ['pending', null],
    ['running', null],
    ['waiting', null],
    ['succeeded', null],
    ['dead', 'its run is dead: oom'],
    ['cancelled', 'its run is cancelled: oom'],
    ['skipped', 'its run was skipped: oom'],
  ])('with a run that is %s: %j', (state, expected) => expect(deathOf({ state, reason: 'oom' })).toBe(expected))

  it('with a run that is gone is failed', () => expect(deathOf(null)).toBe('nothing is kept of its run'))
})

describe('planFix', () => {
  const files = JSON.parse(readFileSync(new URL('../data/code-map.json', import.meta.url), 'utf8')) as readonly MappedFile[]
  const jobId = '000000ff-0000-4000-8000-000000000000'

  it('begins with the file that is about the reports', () => {
    expect(planFix(files, { jobId, title: 'Login loop!', reports: ['SSO login with Okta redirects to the login page'] })).toMatchObject({
      path: 'src/auth/sso-callback.ts',
      branch: 'fix/login-loop-000000ff',
      prNumber: 1_255,
    })
  })

  it('does not guess', () => expect(planFix(files, { jobId, title: 'Thanks', reports: ['you are great'] })).toBeNull())
})

describe('following', () => {
  it.each(['a'.repeat(65), '', 'a b', 'a\u00e9'])('does not take %j for a request id', (id) => {
    expect(requestIdOf(new Headers({ 'x-request-id': id }))).toMatch(/^[\da-f-]{36}$/)
  })

  it('keeps the id that a caller gave', () => expect(requestIdOf(new Headers({ 'X-Request-Id': 'poll.1:2' }))).toBe('poll.1:2'))

  it('gathers each id once, and not without end', () => {
    expect(gatherRequestIds(['b', 'a', 'b'])).toEqual(['b', 'a'])
    expect(gatherRequestIds(Array.from({ length: 99 }, (_, at) => `${at}`))).toHaveLength(MOST_REQUEST_IDS)
  })

  it('links to each span once, and to nothing that is none', () => {
    const text = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
    expect(linksTo([text, null, text, 'x']).map(({ context }) => context)).toEqual([
      { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1, isRemote: true },
    ])
  })
})

describe('the stand-in for Reddit', () => {
  const posts: readonly ShippedPost[] = [0, 0, 5].map((secondsLater, at) => ({
    kind: 't3',
    secondsLater,
    data: { name: `t3_${at}`, subreddit: at === 1 ? 'other' : 'acme' },
  }))
  const list = (now: number, limit: number, after: string | null = null) => {
    const { data } = listPosts(posts, { subreddit: 'acme', limit, after, startedAt: 10_000, now })
    return [data.children.map((child) => child.data.name), data.after]
  }

  it('shows posts when their time has come, the newest first, page by page', () => {
    expect(list(14_999, 10)).toEqual([['t3_0'], null])
    expect(list(15_000, 10)).toEqual([['t3_2', 't3_0'], null])
    expect(list(15_000, 1)).toEqual([['t3_2'], 't3_2'])
    expect(list(15_000, 1, 't3_2')).toEqual([['t3_0'], null])
  })
})

describe('parseExport', () => {
  const header = JSON.stringify({ format: 'feedback-pipeline', version: 1, exportedAt: '2026-05-01T00:00:00.000Z' })
  const row = JSON.stringify({ table: 'clusters', row: { id: 1 } })

  it('sorts rows by table', () => expect(parseExport(`${header}\n${row}\n\n`).get('clusters')).toEqual([{ id: 1 }]))

  it.each([
    ['', 'The body is empty'],
    [row, 'Line 1: an export begins with its header'],
    [`${header}\n${header}`, 'Line 2: an export begins with its header'],
    [`${header}\nnonsense`, 'Line 2 is not part of an export'],
    [`${header}\n{"table":"pg_user","row":{}}`, 'Line 2 is not part of an export'],
    [header.replace('1', '2'), 'Line 1 is not part of an export'],
  ])('refuses %j', (text, message) => expect(() => parseExport(text)).toThrow(message))
})
