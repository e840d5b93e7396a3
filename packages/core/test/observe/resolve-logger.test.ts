import pino from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { resolveLogger } from '../../src/observe/resolve-logger.ts'
import type { Logger } from '../../src/observe/logger.ts'

afterEach(() => void vi.restoreAllMocks())

function silent(): Logger {
  return { debug() {}, info() {}, warn() {}, error() {} }
}

describe('resolveLogger', () => {
  it('takes pino as it is, children and errors included', () => {
    const lines: string[] = []
    const { logger, failures } = resolveLogger(pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }))
    logger.warn({ job: 'a' }, 'hello')
    logger
      .child({ runId: 'r1' })
      .child({ attempt: 2 })
      .error({ err: new Error('boom') }, 'failed')
    logger.debug({ lone: true })
    const records = lines.map((line) => JSON.parse(line))
    expect(records).toMatchObject([
      { level: 40, job: 'a', msg: 'hello' },
      { level: 50, runId: 'r1', attempt: 2, msg: 'failed', err: { type: 'Error', message: 'boom' } },
      { level: 20, lone: true },
    ])
    expect(records[2]).not.toHaveProperty('msg')
    expect(failures()).toBe(0)
  })

  it('defaults to text on standard error, warnings and errors only', () => {
    const write = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { logger } = resolveLogger()
    logger.info({}, 'quiet')
    logger.warn({ a: 1 }, 'loud')
    expect(write).toHaveBeenCalledOnce()
    expect(write.mock.calls[0]?.[0]).toMatch(/Z WARN {2}loud a=1$/)
  })

  it('writes JSON on request and nothing for false', () => {
    const write = vi.spyOn(console, 'error').mockImplementation(() => {})
    resolveLogger(false).logger.child({ a: 1 }).error({}, 'nothing')
    expect(write).not.toHaveBeenCalled()
    resolveLogger('json').logger.error({ a: 1 }, 'x')
    expect(JSON.parse(String(write.mock.calls[0]?.[0]))).toMatchObject({ level: 'error', a: 1, msg: 'x' })
  })

  it('swallows and counts what a logger throws and rejects, children included', async () => {
    const broken: Logger = {
      ...silent(),
      warn: () => {
        throw new Error('disk full')
      },
      error: (() => Promise.reject(new Error('socket'))) as Logger['error'],
      child: () => ({ ...silent(), info: () => expect.fail('child') }),
    }
    const { logger, failures } = resolveLogger(broken)
    logger.warn({}, 'x')
    logger.error({}, 'x')
    logger.child({}).info({}, 'x')
    await new Promise((resolve) => setImmediate(resolve))
    expect(failures()).toBe(3)
  })

  it('adds the bindings itself when there is no child, or child fails', () => {
    const seen: object[] = []
    const plain: Logger = { ...silent(), info: (fields) => void seen.push(fields) }
    resolveLogger(plain).logger.child({ job: 'a' }).child({ runId: 'r' }).info({ extra: 1 })
    const failing: Logger = { ...plain, child: () => expect.fail('no children') }
    const resolved = resolveLogger(failing)
    resolved.logger.child({ job: 'b' }).info({ extra: 2 })
    expect(seen).toEqual([
      { job: 'a', runId: 'r', extra: 1 },
      { job: 'b', extra: 2 },
    ])
    expect(resolved.failures()).toBe(1)
  })

  it('keeps `this` for loggers that need it', () => {
    class Classic {
      readonly #lines: string[] = []
      debug(): void {}
      info(_fields: object, message?: string): void {
        this.#lines.push(message ?? '')
      }
      warn(): void {}
      error(): void {}
      get lines(): readonly string[] {
        return this.#lines
      }
    }
    const classic = new Classic()
    const { logger, failures } = resolveLogger(classic)
    const { info } = logger
    info({}, 'x')
    expect(classic.lines).toEqual(['x'])
    expect(failures()).toBe(0)
  })

  it.each([
    [{ info() {}, warn() {}, error() {} }, 'it lacks debug'],
    ['pretty', 'this is "pretty"'],
    [null, 'this is null'],
    [() => {}, 'this is a function'],
  ])('refuses %j', (option, words) => {
    expect(() => resolveLogger(option as never)).toThrow(
      expect.objectContaining({ code: 'InvalidOption', message: expect.stringContaining(words) }),
    )
  })
})
