/** What each source sends, and how fast: pure parts. */
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEV_SENTRY_SECRET } from '../src/config.ts'
import { formSchema, fromForm } from '../src/ingest/from-form.ts'
import { fromReddit, postSchema } from '../src/ingest/from-reddit.ts'
import { fromSentry, issueEventSchema } from '../src/ingest/from-sentry.ts'
import { type Bucket, takeTokens } from '../src/ingest/rate-limit.ts'
import { isFromSentry } from '../src/ingest/verify-sentry.ts'

const NOW = Date.UTC(2026, 4, 1)

describe('a post of Reddit', () => {
  const data = { name: 't3_1', title: ' Slow ', selftext: 'a\0b', author: 'mira', permalink: '/r/acme/1/', created_utc: 1_700_000_000 }

  it('becomes feedback', () => {
    expect(fromReddit(postSchema.parse({ kind: 't3', data: { ...data, score: 3 } }))).toEqual({
      source: 'reddit',
      externalId: 't3_1',
      title: 'Slow',
      body: 'ab',
      author: 'mira',
      url: 'https://www.reddit.com/r/acme/1/',
      createdAt: 1_700_000_000_000,
    })
  })

  it.each([
    { title: '  ' },
    { name: 'a b' },
    { name: '' },
    { permalink: 'javascript:alert(1)' },
    { created_utc: 'now' },
    { created_utc: -1 },
  ])('with %j is refused', (change) => expect(postSchema.safeParse({ kind: 't3', data: { ...data, ...change } }).success).toBe(false))

  it('that is long is cut, and stays whole text', () => {
    const { title } = fromReddit(postSchema.parse({ kind: 't3', data: { ...data, title: `${'x'.repeat(299)}😀` } }))
    expect([title.length, title.isWellFormed()]).toEqual([300, true])
  })
})

describe('an issue of Sentry', () => {
  const issue = { id: '501', title: 'TypeError', culprit: 'pay.ts', metadata: { value: 'of undefined' }, web_url: 'https://sentry.io/501/' }

  it.each(['created', 'unresolved'])('that was %s becomes feedback', (action) => {
    expect(fromSentry(issueEventSchema.parse({ action, data: { issue } }), NOW)).toEqual({
      source: 'sentry',
      externalId: '501',
      title: 'TypeError',
      body: 'of undefined in pay.ts',
      author: null,
      url: 'https://sentry.io/501/',
      createdAt: NOW,
    })
  })

  it.each(['resolved', 'assigned', 'archived'])('that was %s is no news', (action) => {
    expect(fromSentry(issueEventSchema.parse({ action, data: { issue } }), NOW)).toBeNull()
  })

  it('is genuine by Sentry’s signature of the raw body alone', () => {
    const body = '{"action": "created"}'
    const sign = (secret: string): Headers =>
      new Headers({ 'sentry-hook-signature': createHmac('sha256', secret).update(body).digest('hex') })
    expect(isFromSentry(sign(DEV_SENTRY_SECRET), body, DEV_SENTRY_SECRET)).toBe(true)
    expect(isFromSentry(sign('another'), body, DEV_SENTRY_SECRET)).toBe(false)
    expect(isFromSentry(sign(DEV_SENTRY_SECRET), `${body} `, DEV_SENTRY_SECRET)).toBe(false)
    expect(isFromSentry(new Headers(), body, DEV_SENTRY_SECRET)).toBe(false)
    expect(isFromSentry(new Headers({ 'webhook-signature': 'v1,x' }), body, DEV_SENTRY_SECRET)).toBe(false)
  })
})

describe('the form', () => {
  it('is the same item when it is sent twice, and another one by another person', () => {
    const idOf = (fields: object): string => fromForm(formSchema.parse(fields), NOW).externalId
    expect(idOf({ title: 'a', body: 'b', author: '' })).toBe(idOf({ title: ' a', body: 'b' }))
    expect(idOf({ title: 'a', body: 'b', author: 'jo' })).not.toBe(idOf({ title: 'a', body: 'b' }))
    expect(idOf({ title: 'a', externalId: 'mine' })).toBe('mine')
  })

  it.each([{}, { title: '' }, { title: 'a', url: 'javascript:alert(1)' }, { title: 'a', colour: 'red' }, null, 'text'])(
    'refuses %j',
    (fields) => expect(formSchema.safeParse(fields).success).toBe(false),
  )
})

describe('takeTokens', () => {
  const rule = { capacity: 10, perMs: 1_000 }

  it('lets a burst through, then makes the rest wait', () => {
    const first = takeTokens(null, 10, { rule, now: 0 })
    expect(first.retryAfterMs).toBe(0)
    expect(takeTokens(first.bucket, 1, { rule, now: 0 }).retryAfterMs).toBe(100)
    expect(takeTokens(first.bucket, 1, { rule, now: 100 }).retryAfterMs).toBe(0)
  })

  it('lets a batch larger than the bucket through, and has it paid for', () => {
    const { bucket, retryAfterMs } = takeTokens(null, 25, { rule, now: 0 })
    expect([bucket.tokens, retryAfterMs]).toEqual([-15, 0])
    expect(takeTokens(bucket, 1, { rule, now: 0 }).retryAfterMs).toBe(1_600)
  })

  it('never grants more than the rule, and grants to whoever waits as it says', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ afterMs: fc.nat(500), count: fc.integer({ min: 1, max: 10 }) }), { maxLength: 60 }), (calls) => {
        let bucket: Bucket | null = null
        let now = 0
        let granted = 0
        for (const { afterMs, count } of calls) {
          now += afterMs
          const taken = takeTokens(bucket, count, { rule, now })
          bucket = taken.bucket
          if (taken.retryAfterMs === 0) granted += count
          else expect(takeTokens(bucket, count, { rule, now: now + taken.retryAfterMs }).retryAfterMs).toBe(0)
        }
        expect(granted).toBeLessThanOrEqual(rule.capacity + (now * rule.capacity) / rule.perMs + 1e-6)
      }),
    )
  })
})
