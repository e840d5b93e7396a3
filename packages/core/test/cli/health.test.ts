import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { isLoopback } from '../../src/cli/ask-process.ts'
import type { HealthSnapshot } from '../../src/health/snapshot.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { fakeHealth, fakeJobHealth, fakeScheduler } from './fake-scheduler.ts'
import { invoke, invokeJson } from './invoke.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`
}

const serveSnapshot = (status: number, snapshot: HealthSnapshot): Promise<string> =>
  serve((_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(snapshot)))

describe('health of a shared store', () => {
  it.each([
    ['ok', 0],
    ['degraded', 0],
    ['suspended', 0],
    ['unhealthy', 1],
    ['stopped', 1],
  ] as const)('%s → exit code %i', async (status, exit) => {
    const { scheduler } = fakeScheduler({ health: { status, why: status === 'ok' ? [] : ['report: 3 failures in a row'] } })
    const { code, lines } = await invoke(scheduler, ['health'])
    expect(code).toBe(exit)
    expect(lines[0]).toBe(`status     ${status}`)
  })

  it('no live process at all: not healthy, and it says so', async () => {
    const { scheduler } = fakeScheduler({ health: { owner: null, owners: 0 } })
    const { code, lines } = await invoke(scheduler, ['health'])
    expect([code, lines[0]]).toEqual([1, 'no live process: nothing fires'])
  })

  it('an unreachable store → 3', async () => {
    const store = { ...fakeHealth().store, reachable: false, error: 'connect ECONNREFUSED', failingForMs: 61_000 }
    const { code, out } = await invoke(fakeScheduler({ health: { store } }).scheduler, ['health'])
    expect(code).toBe(3)
    expect(out).toContain('fake unreachable for 1 m 1 s: connect ECONNREFUSED')
  })

  it('the page', async () => {
    const jobs = [
      fakeJobHealth({ status: 'unhealthy', why: ['no success for 12h', 'dead twice'], consecutiveFailures: 2, overdueMs: 90_000 }),
    ]
    const { lines } = await invoke(fakeScheduler({ health: { status: 'unhealthy', why: ['report is unhealthy'], jobs } }).scheduler, [
      'health',
    ])
    expect(lines).toEqual([
      'status     unhealthy',
      'why        report is unhealthy',
      'at         2026-01-01T00:00:00Z',
      'store      fake reachable, p50 1.4 ms, clock offset 0 ms',
      'running    0 of 20',
      'processes  1',
      '',
      'JOB     STATUS     RUNNING  PENDING  FAILURES  LAST SUCCESS  NEXT SLOT              OVERDUE  WHY',
      'report  unhealthy        0        0         2  -             2026-01-01T00:00:00Z  1 m 30 s  no success for 12h; dead twice',
    ])
  })
})

describe('health --url', () => {
  it('asks the running process and never the store', async () => {
    const url = await serveSnapshot(200, fakeHealth())
    const { scheduler, calls } = fakeScheduler({ shared: false })
    const { code, json } = await invokeJson(scheduler, ['health', '--url', `${url}?token=secret`])
    expect(code).toBe(0)
    expect(json).toEqual({
      healthy: true,
      source: 'process',
      url,
      httpStatus: 200,
      error: null,
      snapshot: JSON.parse(JSON.stringify(fakeHealth())),
    })
    expect(calls).toEqual([])
  })

  it.each([
    ['QUARTERJACK_HEALTH_URL', (url: string) => ({ env: { QUARTERJACK_HEALTH_URL: url } })],
    ['the option healthUrl', (url: string) => ({ healthUrl: url })],
    ['the variable before the option', (url: string) => ({ env: { QUARTERJACK_HEALTH_URL: url }, healthUrl: 'http://127.0.0.1:1/' })],
  ])('takes the address from %s', async (_, options) => {
    const url = await serveSnapshot(200, fakeHealth())
    const { code, out } = await invoke(fakeScheduler({ shared: false }).scheduler, ['health'], options(url))
    expect([code, out.split('\n')[0]]).toEqual([0, `${url} answered 200`])
  })

  it('the health endpoint of a mere client is judged by what it says', async () => {
    const url = await serveSnapshot(200, fakeHealth({ owner: null, owners: 0 }))
    expect((await invoke(fakeScheduler().scheduler, ['health', '--url', url])).code).toBe(0)
  })

  it('503 with a snapshot: exit code 1 and the reasons', async () => {
    const url = await serveSnapshot(503, fakeHealth({ status: 'unhealthy', why: ['report: 3 failures in a row'] }))
    const { code, out } = await invoke(fakeScheduler().scheduler, ['health', '--url', url])
    expect(code).toBe(1)
    expect(out).toContain('answered 503')
    expect(out).toContain('report: 3 failures in a row')
  })

  it('200 with an unhealthy snapshot is not healthy', async () => {
    const url = await serveSnapshot(200, fakeHealth({ status: 'unhealthy' }))
    expect((await invoke(fakeScheduler().scheduler, ['health', '--url', url])).code).toBe(1)
  })

  it.each([
    ['plain text', 'fine'],
    ['another document', '{"status":"ok"}'],
    ['a newer version', '{"version":2,"status":"ok","jobs":[],"why":[],"store":{}}'],
    ['a mangled snapshot', '{"version":1,"status":"ok","jobs":[1],"why":[],"stuck":[],"store":{"latencyMs":{}}}'],
  ])('%s: the status alone counts', async (_, body) => {
    const url = await serve((request, response) => response.writeHead(request.url === '/health' ? 200 : 500).end(body))
    const well = await invokeJson(fakeScheduler().scheduler, ['health', '--url', url])
    expect([well.code, well.json]).toMatchObject([0, { healthy: true, snapshot: null, httpStatus: 200 }])
    const ill = await invoke(fakeScheduler().scheduler, ['health', '--url', `${url}/x`])
    expect([ill.code, ill.out]).toEqual([1, `${url}/x answered 500\n`])
  })

  it('a redirect is not followed', async () => {
    let followed = false
    const url = await serve((request, response) => {
      if (request.url === '/health') return response.writeHead(302, { location: '/elsewhere' }).end()
      followed = true
      return response.end('{}')
    })
    const { code, out } = await invoke(fakeScheduler().scheduler, ['health', '--url', url])
    expect([code, followed]).toEqual([1, false])
    expect(out).toContain('answered 302')
  })

  it('nothing listens: exit code 1 and the reason', async () => {
    const url = await serveSnapshot(200, fakeHealth())
    await new Promise((resolve) => servers.pop()?.close(resolve))
    const { code, out } = await invoke(fakeScheduler().scheduler, ['health', '--url', url])
    expect(code).toBe(1)
    expect(out).toMatch(/ECONNREFUSED/)
  })

  it('silence ends after 3 s', async () => {
    const clock = fakeClock()
    let arrive = (): void => {}
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const url = await serve(() => arrive())
    const pending = invoke(fakeScheduler().scheduler, ['health', '--url', url], { clock })
    await arrived
    await clock.advance(2_999)
    expect(clock.timers).toBe(1)
    await clock.advance(1)
    const { code, out } = await pending
    expect([code, out]).toEqual([1, `${url} no answer within 3 s\n`])
    expect(clock.timers).toBe(0)
  })

  it('an endless answer is cut off', async () => {
    const url = await serve((_, response) => {
      const chunk = 'x'.repeat(1024 * 1024)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    const { code, out } = await invoke(fakeScheduler().scheduler, ['health', '--url', url])
    expect(code).toBe(1)
    expect(out).toContain('longer than')
  })

  it.each([
    ['http://example.com/health', 'example.com is not this machine'],
    ['http://10.0.0.1:3000/health', '10.0.0.1 is not this machine'],
    ['http://127.0.0.1.example.com/', 'is not this machine'],
    ['http://localhost.example.com/', 'is not this machine'],
    ['http://0.0.0.0:3000/', '0.0.0.0 is not this machine'],
    ['http://user:secret@127.0.0.1/', 'names and passwords'],
    ['file:///etc/passwd', 'not an http or https address'],
    ['127.0.0.1:3000', 'not an http or https address'],
    ['', 'not an http or https address'],
  ])('%s is refused', async (url, message) => {
    const { code, err } = await invoke(fakeScheduler().scheduler, ['health', '--url', url])
    expect(code).toBe(2)
    expect(err).toContain('error [InvalidOption]: --url')
    expect(err).toContain(message)
    expect(err).not.toContain('secret')
  })

  it('--allow-remote permits another host', async () => {
    const { code, out } = await invoke(fakeScheduler().scheduler, [
      'health',
      '--url',
      'http://quarterjack.invalid/health',
      '--allow-remote',
    ])
    expect(code).toBe(1)
    expect(out).toMatch(/ENOTFOUND|EAI_AGAIN/)
  })
})

it.each([
  ['http://127.0.0.1/', true],
  ['http://127.255.0.9/', true],
  ['http://0x7f.1/', true],
  ['http://LOCALHOST/', true],
  ['http://[::1]/', true],
  ['http://[::ffff:127.0.0.1]/', true],
  ['http://[::ffff:10.0.0.1]/', false],
  ['http://[::]/', false],
  ['http://128.0.0.1/', false],
  ['http://1.127.0.0/', false],
])('%s is this machine: %s', (url, loopback) => {
  expect(isLoopback(new URL(url).hostname)).toBe(loopback)
})
