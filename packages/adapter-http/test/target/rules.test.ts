/** The pure rules, as tables. */
import { describe, expect, it } from 'vitest'
import { classifyNetworkError } from '../../src/target/classify-network-error.ts'
import { judgeAnswer } from '../../src/target/judge-answer.ts'
import { retryAfterMs } from '../../src/target/retry-after.ts'
import { createSecrets } from '../../src/target/secrets.ts'
import { traceHeaders } from '../../src/target/trace-parent.ts'
import { durationMs } from '../../src/duration.ts'

const NOW = Date.UTC(2026, 0, 1)

describe('Retry-After', () => {
  it.each<[header: string | null, date: string | null, ms: number | null]>([
    ['120', null, 120_000],
    [' 1 ', null, 1_000],
    ['0', null, null],
    ['-5', null, null],
    ['1.5', null, null],
    ['soon', null, null],
    ['', null, null],
    [null, null, null],
    ['Thu, 01 Jan 2026 00:02:00 GMT', null, 120_000],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 'Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 'no date', 120_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', null, null],
    ['Thursday, 01-Jan-26 00:02:00 GMT', null, 120_000],
    ['9'.repeat(400), null, null],
  ])('%j beside the date %j', (header, date, ms) => {
    expect(retryAfterMs(header, date, NOW)).toBe(ms)
  })
})

describe('an answer that does not tell when it was sent', () => {
  it('is counted from the clock of its judge', async () => {
    const answer = {
      status: 503,
      statusText: '',
      headers: new Headers({ 'retry-after': 'Fri, 02 Jan 2026 00:10:00 GMT' }),
      bytes: Buffer.alloc(0),
      isCut: false,
    }
    const now = (): number => Date.parse('2026-01-02T00:00:00Z')
    const judged = judgeAnswer(answer, { options: { url: 'http://x' }, ctx: {} as never, secrets: createSecrets(), name: 'GET x', now })
    await expect(judged).rejects.toMatchObject({ code: 'HttpStatus', retryAfterMs: 600_000 })
  })
})

describe('a failure of the network', () => {
  it.each([
    ['ENOTFOUND', 'HttpDnsFailed'],
    ['EAI_AGAIN', 'HttpDnsFailed'],
    ['ECONNREFUSED', 'HttpRefused'],
    ['ECONNRESET', 'HttpReset'],
    ['EPIPE', 'HttpReset'],
    ['ETIMEDOUT', 'HttpTimedOut'],
    ['CERT_HAS_EXPIRED', 'HttpTlsFailed'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'HttpTlsFailed'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'HttpTlsFailed'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'HttpTlsFailed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'HttpTlsFailed'],
    ['EPROTO', 'HttpTlsFailed'],
    ['EHOSTUNREACH', 'HttpNetworkFailed'],
    ['HPE_INVALID_CONSTANT', 'HttpNetworkFailed'],
  ])('%s is %s', (code, expected) => {
    expect(classifyNetworkError(Object.assign(new Error('x'), { code }))).toMatchObject({ code: expected, reason: code })
  })

  it('is told by one of several, and of anything at all', () => {
    const several = new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })])
    expect(classifyNetworkError(several)).toMatchObject({ code: 'HttpRefused' })
    for (const thrown of [null, 'text', {}, new Error('x')])
      expect(classifyNetworkError(thrown)).toMatchObject({ code: 'HttpNetworkFailed' })
  })
})

describe('the trace of a run', () => {
  it('is its id, and a random one where that is no UUID', async () => {
    const own = await traceHeaders({ runId: '0198c0de-0000-7000-8000-00000000CAFE', trace: { requestId: 'r' } })
    expect(own.traceparent).toMatch(/^00-0198c0de00007000800000000000cafe-(?!0{16})[0-9a-f]{16}-01$/)
    expect((await traceHeaders({ runId: 'r1', trace: null })).traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })
})

describe('the trace that a run carries', () => {
  it('is gone on with, by a span of the call', async () => {
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', tracestate: 'vendor=1' }
    const sent = await traceHeaders({ runId: 'r1', trace })
    expect(sent).toEqual({
      traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad)[0-9a-f]{16}-00$/),
      tracestate: 'vendor=1',
    })
  })
})

describe('a duration', () => {
  it.each([
    [500, 500],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['1d', 86_400_000],
    ['soon', null],
    [1.5, null],
    [undefined, null],
  ])('%j is %j ms', (given, ms) => {
    expect(durationMs(given)).toBe(ms)
  })
})
