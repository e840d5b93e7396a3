/** No secret gets out: the call fails, succeeds, skips and times out, and everything that is told of it is searched. */
import type { trace } from '@opentelemetry/api'
import { createScheduler, defineJob, memoryStore } from '@quarterjack/core'
import { instrument, traceAround } from '@quarterjack/core/otel'
import { recordEvents } from '@quarterjack/core/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as z from 'zod'
import { type HttpTargetOptions, httpTarget } from '../../src/index.ts'
import { createSecrets, valuesAt } from '../../src/target/secrets.ts'
import { type Endpoint, freeUrl, json, serve, serveRaw } from '../support/serve.ts'

const CANARY = 'cAn4ry/"s%cret+8f2'
const SIGNING = 'whsec_Y0FuNHJ5LWNBbjRyeS1jQW40cnktY0FuNHJ5LWNB'
/** Parts of every shape in which they could come back. */
const TRACES = [
  'cAn4ry',
  '+8f2',
  '%2B8f2',
  Buffer.from(CANARY).toString('base64').slice(4, 20),
  Buffer.from(`ann:${CANARY}`).toString('base64').slice(0, 20),
  SIGNING.slice(6, 20),
]

interface Kept {
  readonly options: Partial<HttpTargetOptions>
  /** What the endpoint knows and gives back. */
  readonly secret: string
  readonly token?: string
}

/** One secret each, so that nothing else masks it. */
const KEPT: readonly (readonly [string, Kept])[] = [
  ['bearer', { secret: CANARY, options: { auth: { bearer: CANARY } } }],
  ['basic', { secret: CANARY, options: { auth: { basic: { username: 'ann', password: CANARY } } } }],
  ['API key', { secret: CANARY, options: { auth: { apiKey: () => Promise.resolve(CANARY), header: 'X-Harmless' } } }],
  ['custom', { secret: CANARY, options: { auth: () => ({ 'X-Harmless': CANARY }) } }],
  ['cookie', { secret: CANARY, options: { headers: { Cookie: `sid=${CANARY}; theme=dark` } } }],
  ['query', { secret: CANARY, options: { query: { access_token: CANARY } } }],
  ['signature', { secret: SIGNING, options: { signing: { secret: SIGNING } } }],
  ['payload', { secret: CANARY, options: {}, token: CANARY }],
]

type Given = Partial<HttpTargetOptions>

/** The endpoint gives everything back that it got, in every shape. */
const ENDINGS: readonly (readonly [string, (kept: Kept) => Promise<Given>])[] = [
  ['succeeds', async (kept) => ({ url: (await echo(200, kept)).url })],
  ['succeeds with a schema', async (kept) => ({ url: (await echo(200, kept)).url, response: z.looseObject({}) }) as unknown as Given],
  ['succeeds in part', async (kept) => ({ url: (await echo(200, kept)).url, maxResponse: 300 })],
  ['does not fit', async (kept) => ({ url: (await echo(200, kept)).url, response: tattling }) as unknown as Given],
  ['is refused', async (kept) => ({ url: (await echo(401, kept)).url })],
  ['is busy', async (kept) => ({ url: (await echo(503, kept)).url })],
  ['is skipped', async (kept) => ({ url: (await echo(200, kept)).url, skip: ({ body }) => JSON.stringify(body) })],
  ['redirects', async (kept) => ({ url: (await echo(302, kept)).url })],
  ['cannot be reached', async () => ({ url: await freeUrl() })],
  ['times out', async () => ({ url: (await serveRaw(() => undefined)).url, timeout: 50 })],
  ['is not made', async ({ options }) => ({ url: await freeUrl(), headers: { ...(options.headers as object), 'X-Bad': () => 'a\nb' } })],
  ['has a bad address', async ({ secret }) => ({ url: () => `localhost?access_token=${secret}` })],
]

/** A schema whose messages quote what they refuse. */
const tattling = z.custom<object>((value) => typeof value === 'string', { error: (issue) => `no text: ${JSON.stringify(issue.input)}` })

const echo = (status: number, { secret }: Kept): Promise<Endpoint> =>
  serve(({ url, headers, body }, response) => {
    const seen = { url, plain: decodeURIComponent(url), headers, body, again: [secret, secret.replace('whsec_', '')], [secret]: 1 }
    json(response, status, seen, { location: `/other?token=${encodeURIComponent(secret)}` })
  })

describe.each(KEPT)('a secret of the %s', (_, kept) => {
  it.each(ENDINGS)('stays secret when the call %s', async (ending, optionsOf) => {
    const told: unknown[] = []
    const log = (...args: unknown[]): void => void told.push(args)
    const logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
    const tracer = tellingTracer(told)
    const around = traceAround({ tracer })
    const store = memoryStore()
    const run = httpTarget({ ...kept.options, ...(await optionsOf(kept)) } as HttpTargetOptions)
    const job = defineJob({
      name: 'canary',
      retry: { retries: 1, minTimeout: 1, maxTimeout: 2 },
      payload: z.object({ items: z.array(z.object({ token: z.string() })) }),
      sensitive: ['items.token'],
      run,
    })
    const scheduler = createScheduler({ store, jobs: [job], logger, around })
    onTestFinished(async () => void (await scheduler.stop({ grace: 0 })))
    instrument(scheduler, { tracer, around })
    const events = recordEvents(scheduler)
    await scheduler.start()
    const handle = await scheduler.trigger(job, { items: [{ token: kept.token ?? 'harmless' }] })
    const end = await handle.finished().catch((error: unknown) => error)
    const history = await scheduler.runs.get(handle.id)
    // It ended as meant, and there was something to search.
    expect(history?.state).toBe(/succeeds/.test(ending) ? 'succeeded' : /skipped/.test(ending) ? 'skipped' : 'dead')
    const all = [told, events.all, history, await scheduler.health(), end, ...causesOf(end)].map(everything).join('\n')
    expect(all.length).toBeGreaterThan(1_000)
    for (const found of TRACES) expect(all.includes(found), found).toBe(false)
  })
})

describe('what is masked', () => {
  it('is every secret in every encoding, the longest first, and no short word', () => {
    const secrets = createSecrets()
    for (const secret of ['Bearer abcd1234', 'abcd1234efgh', 'a b&c"d', 'abc', 12_345, null, undefined]) secrets.add(secret)
    expect(secrets.maskText('Bearer x abcd1234efgh abcd1234 a b&c"d a%20b%26c%22d a+b%26c%22d a b&c\\"d YWJjZDEyMzQ abc 12345')).toBe(
      'Bearer x [redacted] [redacted] [redacted] [redacted] [redacted] [redacted] [redacted] abc [redacted]',
    )
    const inJson = createSecrets()
    inJson.add('sëcret/"1')
    const once = JSON.stringify('sëcret/"1')
    for (const json of [
      once,
      JSON.stringify(once),
      JSON.stringify(JSON.stringify(once)),
      String.raw`"s\u00ebcret/\"1"`,
      String.raw`"s\u00ebcret\/\"1"`,
    ]) {
      expect(inJson.maskText(json)).toMatch(/^[\\"]+\[redacted\][\\"]+$/)
    }
    expect(secrets.maskValue({ abcd1234: [12_345, 7, true, null, { deep: 'is abcd1234' }] })).toEqual({
      '[redacted]': ['[redacted]', 7, true, null, { deep: 'is [redacted]' }],
    })
    expect(Object.hasOwn(secrets.maskValue(JSON.parse('{"__proto__":{"a":"abcd1234"}}')) as object, '__proto__')).toBe(true)
  })

  it('are the values at sensitive paths, found as the engine finds them', () => {
    const payload = { a: { b: 'one' }, list: [{ t: 'two' }, { t: ['three'] }], any: { x: { y: 'four' } }, all: { p: { q: 5 } } }
    const at = (path: string): readonly unknown[] => valuesAt(payload, path.split('.'))
    expect([at('a.b'), at('list.t'), at('list.1.t'), at('any.*.y'), at('all'), at('no.such')]).toEqual([
      ['one'],
      ['two', 'three'],
      ['three'],
      ['four'],
      [5],
      [],
    ])
  })
})

function causesOf(error: unknown): readonly unknown[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : []
}

/** As much of a value as any logger could print: hidden members, stacks and causes too. */
function everything(value: unknown): string {
  const seen = new Set<unknown>()
  const show = (one: unknown): unknown => {
    if (typeof one !== 'object' || one === null) return typeof one === 'function' ? undefined : one
    if (seen.has(one)) return '(again)'
    seen.add(one)
    if (Array.isArray(one)) return one.map(show)
    return Object.fromEntries(Object.getOwnPropertyNames(one).map((name) => [name, show(Reflect.get(one, name))]))
  }
  return JSON.stringify(show(value)).replaceAll('\\\\', '\\')
}

/** A tracer that tells everything that it is told. */
function tellingTracer(told: unknown[]): ReturnType<typeof trace.getTracer> {
  const span: unknown = new Proxy(
    {},
    {
      get: (_, name) =>
        name === 'spanContext'
          ? () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
          : (...args: unknown[]) => {
              told.push([String(name), args])
              return span
            },
    },
  )
  return {
    startSpan(...args: unknown[]) {
      told.push(args)
      return span
    },
    startActiveSpan: (...args: unknown[]) => (args.at(-1) as (given: unknown) => unknown)(span),
  } as ReturnType<typeof trace.getTracer>
}
