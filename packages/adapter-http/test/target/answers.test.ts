/** What becomes of answers. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type HttpTargetOptions, httpTarget } from '../../src/index.ts'
import { contextOf, errorOf, Skipped } from '../support/context.ts'
import { json, serve } from '../support/serve.ts'

const answering = async (status: number, body: string | Buffer = '', headers: Record<string, string> = {}): Promise<string> => {
  const { url } = await serve((_, response) => void response.writeHead(status, headers).end(body))
  return url
}
const call = (options: HttpTargetOptions): Promise<unknown> => httpTarget(options)(contextOf())

describe('the result', () => {
  it.each<[what: string, body: string | Buffer, headers: Record<string, string>, result: unknown]>([
    ['JSON, parsed', '{"n":1}', { 'content-type': 'application/json; charset=utf-8' }, { n: 1 }],
    ['JSON of a type of its own', '[1]', { 'content-type': 'application/problem+json' }, [1]],
    ['text, as it is', '{"n":1}', { 'content-type': 'text/plain' }, '{"n":1}'],
    ['broken JSON, as it is', '{"n":', { 'content-type': 'application/json' }, '{"n":'],
    ['text in another charset', Buffer.from([0xfc]), { 'content-type': 'text/plain; charset=iso-8859-1' }, 'ü'],
    ['compressed without being asked', gzipSync('{"n":1}'), { 'content-type': 'application/json', 'content-encoding': 'gzip' }, { n: 1 }],
    ['nothing', '', {}, undefined],
  ])('is the answer: %s', async (_, body, headers, result) => {
    expect(await call({ url: await answering(200, body, headers) })).toEqual(result)
  })

  it('is what the schema makes of it', async () => {
    const url = await answering(201, '{"n":"7"}', { 'content-type': 'text/html' })
    expect(await httpTarget({ url, response: z.object({ n: z.coerce.number() }) })(contextOf())).toEqual({ n: 7 })
  })

  it('is no answer that does not fit its schema: the run is dead, and the paths are named', async () => {
    const url = await answering(200, '{"items":[{"n":"x"}]}', { 'content-type': 'application/json' })
    const response = z.object({ items: z.array(z.object({ n: z.number() })) })
    const error = await errorOf(httpTarget({ url: `${url}/stats`, response })(contextOf()))
    expect(error).toMatchObject({ code: 'HttpResponseInvalid', status: 200, retryable: false })
    expect(error.message).toMatch(/POST http:.*\/stats answered 200, but the answer does not fit.*\n {2}body\.items\.0\.n: /)
    expect(await errorOf(httpTarget({ url: await answering(200, '<html>'), response })(contextOf()))).toMatchObject({
      code: 'HttpResponseInvalid',
    })
  })

  it('is bounded: what is too long is kept in part, or refused where all of it is needed', async () => {
    const url = await answering(200, 'x'.repeat(5_000), { 'content-type': 'text/plain' })
    expect(await call({ url, maxResponse: 1_000 })).toEqual({ $truncated: { limit: 1_000, head: 'x'.repeat(512) } })
    expect(await call({ url, maxResponse: 5_000 })).toHaveLength(5_000)
    for (const needs of [{ response: z.string() }, { success: () => true }, { skip: () => false }]) {
      const error = await errorOf(httpTarget({ url, maxResponse: 1_000, ...needs } as HttpTargetOptions)(contextOf()))
      expect(error).toMatchObject({ code: 'HttpResponseTooLarge', retryable: false })
      expect(error.message).toContain('more than 1000 bytes. Raise maxResponse')
    }
  })

  it('is bounded after decompression, too', async () => {
    const url = await answering(200, gzipSync('x'.repeat(5_000_000)), { 'content-encoding': 'gzip' })
    expect(await call({ url, maxResponse: 100_000 })).toMatchObject({ $truncated: { limit: 100_000 } })
  })
})

describe('success', () => {
  it('is every 2xx, or the statuses that are named, or what a function says', async () => {
    expect(await call({ url: await answering(299, 'fine') })).toBe('fine')
    expect(await call({ url: await answering(404, 'gone'), success: [200, 404] })).toBe('gone')
    expect(await errorOf(call({ url: await answering(202), success: [200] }))).toMatchObject({
      code: 'HttpStatus',
      status: 202,
      retryable: false,
    })
    const { url } = await serve((_, response) => json(response, 200, { state: 'failed' }, { 'x-flag': 'no' }))
    const error = await errorOf(
      call({
        url,
        success: ({ status, body, headers }) =>
          status === 200 && (body as { state: string }).state === 'done' && headers.get('x-flag') === 'yes',
      }),
    )
    expect(error).toMatchObject({ code: 'HttpStatus', status: 200, retryable: false })
    expect(error.message).toContain('answered 200 OK. The answer begins: {"state":"failed"}')
  })

  it('is judged by functions that may throw what they like', async () => {
    const mine = Object.assign(new Error('busy'), { retryAfterMs: 5_000 })
    const success = (): boolean => {
      throw mine
    }
    expect(await errorOf(call({ url: await answering(200), success }))).toBe(mine)
  })
})

describe('nothing to do', () => {
  it.each<[what: string, status: number, skip: HttpTargetOptions['skip'], reason: string | null]>([
    ['204 by default', 204, undefined, 'the endpoint answered 204'],
    ['a status that is named, bad ones too', 404, [404, 409], 'the endpoint answered 404'],
    ['what a function says', 200, ({ body }) => body === 'idle', 'the endpoint answered 200'],
    ['the reason of a function', 200, ({ body }) => `it is ${body}`, 'it is idle'],
    ['nothing, when switched off', 204, false, null],
    ['not 204, when others are named', 204, [404], null],
  ])('is %s', async (_, status, skip, reason) => {
    const url = await answering(status, status === 204 ? '' : 'idle', { 'content-type': 'text/plain' })
    const work = call({ url, skip })
    if (reason === null) expect(await work).toBeUndefined()
    else {
      const skipped = await errorOf(work)
      expect(skipped).toBeInstanceOf(Skipped)
      expect(skipped.message).toBe(reason)
    }
  })
})

describe('a status that is no success', () => {
  it.each([
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [409, false],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
    [599, true],
  ])('%i: retryable %s', async (status, retryable) => {
    const error = await errorOf(call({ url: `${await answering(status, 'line 1\nline 2\u0007')}/a?token=hidden-token` }))
    expect(error).toMatchObject({ name: 'HttpError', code: 'HttpStatus', status, retryable })
    expect(error.message).toMatch(new RegExp(`^POST http://127\\.0\\.0\\.1:\\d+/a answered ${status}.*The answer begins: line 1 line 2$`))
  })

  it('asks for a wait in seconds or as a date', async () => {
    const seconds = await errorOf(call({ url: await answering(429, '', { 'retry-after': '120' }) }))
    expect(seconds).toMatchObject({ retryAfterMs: 120_000 })
    expect(seconds.message).toContain('asks to wait 120 s')
    const dates = { date: 'Fri, 02 Jan 2026 00:00:00 GMT', 'retry-after': 'Fri, 02 Jan 2026 00:10:00 GMT' }
    expect(await errorOf(call({ url: await answering(503, '', dates) }))).toMatchObject({ retryAfterMs: 600_000 })
    expect(await errorOf(call({ url: await answering(404, '', { 'retry-after': '120' }) }))).not.toHaveProperty('retryAfterMs')
  })
})
