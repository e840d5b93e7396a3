/** Signed calls and those who receive them. */
import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { httpTarget, verifyWebhook } from '../../src/index.ts'
import { signatureHeaders } from '../../src/target/sign.ts'
import { contextOf } from '../support/context.ts'
import { serve } from '../support/serve.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const signed = (body = '{"n":1}', at = new Date(), secrets = [SECRET]) => ({
  headers: signatureHeaders(secrets, { id: 'run-1', at, body }),
  body,
})

afterEach(() => void vi.useRealTimers())

describe('a signature', () => {
  it('is that of Standard Webhooks: the vector of its specification', () => {
    const body = '{"test": 2432232314}'
    const at = new Date(1_614_265_330_000)
    const headers = signatureHeaders([SECRET], { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at, body })
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
    const byHand = createHmac('sha256', Buffer.from(SECRET.slice(6), 'base64')).update(`msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.${body}`)
    expect(headers['webhook-signature']).toBe(`v1,${byHand.digest('base64')}`)
  })

  it('of a target is verified by the one who receives it, and carries the id of the run', async () => {
    const { url, requests } = await serve()
    await httpTarget<{ name: string }>({ url, signing: { secret: () => SECRET } })(contextOf({ payload: { name: 'Zoë' } }))
    const [{ headers, body }] = requests as [(typeof requests)[0]]
    const webhook = verifyWebhook({ headers, body }, SECRET)
    expect(webhook).toMatchObject({ id: contextOf().idempotencyKey, body: '{"name":"Zoë"}', payload: { name: 'Zoë' } })
    expect(Math.abs(webhook.sentAt.getTime() - Date.now())).toBeLessThan(5_000)
  })

  it('is given by each of several secrets, so that one can replace another', async () => {
    const { url, requests } = await serve()
    await httpTarget({ url, body: 'x', signing: { secret: [SECRET, OTHER] } })(contextOf())
    const [{ headers, body }] = requests as [(typeof requests)[0]]
    for (const secret of [SECRET, OTHER]) expect(verifyWebhook({ headers, body }, secret).body).toBe('x')
    expect(verifyWebhook(signed('y', new Date(), [OTHER]), [SECRET, OTHER]).body).toBe('y')
  })

  it('covers an empty body', async () => {
    const { url, requests } = await serve()
    await httpTarget({ url, method: 'GET', signing: { secret: SECRET } })(contextOf())
    expect(verifyWebhook({ headers: requests[0]?.headers ?? {}, body: '' }, SECRET)).toMatchObject({ body: '', payload: undefined })
  })
})

describe('verifyWebhook', () => {
  it('reads headers of fetch and of Node, in any case, and bytes', () => {
    const { headers, body } = signed()
    expect(verifyWebhook({ headers: new Headers(headers), body }, SECRET).payload).toEqual({ n: 1 })
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))
    expect(verifyWebhook({ headers: upper, body: new TextEncoder().encode(body) }, SECRET).id).toBe('run-1')
  })

  it.each<[what: string, request: () => { headers: Record<string, string | string[]>; body: string }, problem: RegExp]>([
    ['another body', () => ({ ...signed(), body: '{"n":2}' }), /No matching signature/],
    ['another secret', () => signed('{}', new Date(), [OTHER]), /No matching signature/],
    ['another id', () => ({ ...signed(), headers: { ...signed().headers, 'webhook-id': 'run-2' } }), /"run-2" was refused: No matching/],
    ['a time long past', () => signed('{}', new Date(Date.now() - 301_000)), /too old/],
    ['a time to come', () => signed('{}', new Date(Date.now() + 302_000)), /too new/],
    ['a time that is none', () => ({ ...signed(), headers: { ...signed().headers, 'webhook-timestamp': '17e9' } }), /no time in seconds/],
    ['no signature', () => ({ headers: {}, body: '' }), /webhook-id is missing/],
    [
      'a repeated header',
      () => ({ ...signed(), headers: { ...signed().headers, 'webhook-signature': ['v1,a', 'v1,b'] } }),
      /webhook-signature is missing/,
    ],
    ['another version', () => ({ ...signed(), headers: { ...signed().headers, 'webhook-signature': 'v2,abc' } }), /No matching/],
    ['a signature without its value', () => ({ ...signed(), headers: { ...signed().headers, 'webhook-signature': 'v1' } }), /No matching/],
  ])('refuses %s', (_, request, problem) => {
    expect(() => verifyWebhook(request(), SECRET)).toThrow(
      expect.objectContaining({ code: 'WebhookInvalid', message: expect.stringMatching(problem) }),
    )
  })

  it.each([[''], ['short'], [[]], [undefined]])('refuses the secret %j as an option', (secret) => {
    const attempt = (): unknown => verifyWebhook(signed(), secret as string)
    expect(attempt).toThrow(expect.objectContaining({ code: 'InvalidOption' }))
  })
})

describe('a plain HMAC over the body', () => {
  const body = '{"action":"opened","title":"Zoë"}'
  const hexOf = (secret: string, text: string | Uint8Array = body): string => createHmac('sha256', secret).update(text).digest('hex')
  const verify = (
    headers: Record<string, string> | Headers,
    secrets: string | readonly string[] = 'it-is-secret',
    hmac = 'X-Hub-Signature-256',
  ) => verifyWebhook({ headers, body }, secrets, { hmac })
  const code = (call: () => unknown): unknown => {
    try {
      return call()
    } catch (error) {
      return (error as { code?: string }).code
    }
  }

  it('is that of GitHub: the vector of its documentation', () => {
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
    const request = { headers: { 'x-hub-signature-256': signature }, body: 'Hello, World!' }
    expect(verifyWebhook(request, "It's a Secret to Everybody", { hmac: 'x-hub-signature-256' })).toEqual({
      body: 'Hello, World!',
      payload: undefined,
    })
  })

  it('is that of Sentry, which has no prefix', () => {
    const headers = new Headers({ 'sentry-hook-signature': hexOf('it-is-secret') })
    expect(verify(headers, ['other', 'it-is-secret'], 'Sentry-Hook-Signature')).toEqual({
      body,
      payload: { action: 'opened', title: 'Zoë' },
    })
  })

  it('covers bytes as they came', () => {
    const bytes = new Uint8Array([0x7b, 0x7d, 0xff])
    const request = { headers: { sig: hexOf('s', bytes) }, body: bytes }
    expect(verifyWebhook(request, 's', { hmac: 'sig' }).payload).toBe(undefined)
    expect(code(() => verifyWebhook({ ...request, body: new Uint8Array([0x7b, 0x7d, 0xfe]) }, 's', { hmac: 'sig' }))).toBe('WebhookInvalid')
  })

  it.each([
    ['of another secret', hexOf('another')],
    ['of another body', hexOf('it-is-secret', `${body} `)],
    ['of another algorithm', createHmac('sha1', 'it-is-secret').update(body).digest('hex')],
    ['with the name of another algorithm', `sha1=${hexOf('it-is-secret')}`],
    ['cut short', hexOf('it-is-secret').slice(0, 62)],
    ['with more behind it', `${hexOf('it-is-secret')}00`],
    ['twice', `${hexOf('it-is-secret')}, ${hexOf('it-is-secret')}`],
    ['that is empty', ''],
    ['that is not hex', 'z'.repeat(64)],
  ])('refuses a signature %s', (_, signature) => {
    expect(code(() => verify({ 'x-hub-signature-256': signature }))).toBe('WebhookInvalid')
  })

  it('refuses a request without the header, and one of Standard Webhooks', () => {
    expect(code(() => verify({}))).toBe('WebhookInvalid')
    expect(code(() => verify(signed(body).headers as Record<string, string>))).toBe('WebhookInvalid')
  })

  it('is refused as an option where the secret is missing, blank, or the header has no name', () => {
    const headers = { 'x-hub-signature-256': hexOf('') }
    for (const secrets of ['', ' ', [], ['fine', ''], [undefined], undefined] as unknown as string[]) {
      expect(code(() => verifyWebhook({ headers, body }, secrets, { hmac: 'x-hub-signature-256' }))).toBe('InvalidOption')
    }
    for (const hmac of ['', 'a b', undefined] as string[])
      expect(code(() => verifyWebhook({ headers, body }, 's', { hmac }))).toBe('InvalidOption')
  })
})
