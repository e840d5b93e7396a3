import { describe, expect, it } from 'vitest'
import { type ConsoleLoggerOptions, consoleLogger } from '../../src/observe/console-logger.ts'
import type { Logger } from '../../src/observe/logger.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

function logger(options: Partial<ConsoleLoggerOptions> = {}): { log: ReturnType<typeof consoleLogger>; lines: string[] } {
  const lines: string[] = []
  const log = consoleLogger({
    format: 'json',
    level: 'debug',
    write: (line) => void lines.push(line),
    clock: fakeClock('2026-03-01T10:00:00Z'),
    ...options,
  })
  return { log, lines }
}

describe('consoleLogger', () => {
  it('writes one JSON object per record', () => {
    const { log, lines } = logger()
    log.info({ job: 'feedback', count: 3 }, 'run started')
    expect(lines).toEqual(['{"level":"info","time":"2026-03-01T10:00:00.000Z","job":"feedback","count":3,"msg":"run started"}'])
  })

  it('writes one readable line per record', () => {
    const { log, lines } = logger({ format: 'text' })
    log.warn({ job: 'feedback', why: 'two words', nested: { a: 1 } }, 'late')
    expect(lines).toEqual(['2026-03-01T10:00:00.000Z WARN  late job=feedback why="two words" nested="{\\"a\\":1}"'])
  })

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    [undefined, 2],
  ] as const)('level %s lets %i of four levels through', (level, count) => {
    const lines: string[] = []
    const log = consoleLogger({ format: 'json', write: (line) => void lines.push(line), ...(level === undefined ? {} : { level }) })
    for (const method of ['debug', 'info', 'warn', 'error'] as const) log[method]({}, method)
    expect(lines).toHaveLength(count)
  })

  it('gives children the bindings of all above them', () => {
    const { log, lines } = logger()
    log.child({ job: 'a', runId: '1' }).child({ runId: '2' }).error({ extra: true }, 'x')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ job: 'a', runId: '2', extra: true })
  })

  it('writes errors with code, stack and cause', () => {
    const { log, lines } = logger()
    log.error({ err: Object.assign(new Error('outer', { cause: new RangeError('inner') }), { code: 'E1' }) }, 'failed')
    const { err } = JSON.parse(lines[0] ?? '')
    expect(err).toMatchObject({ name: 'Error', message: 'outer', code: 'E1', cause: { name: 'RangeError', message: 'inner' } })
    expect(err.stack).toContain('console-logger.test.ts')
  })

  it('puts stacks below the text line, indented', () => {
    const { log, lines } = logger({ format: 'text' })
    log.error({ err: new TypeError('boom') }, 'failed')
    const [first, second, third] = (lines[0] ?? '').split('\n')
    expect(first).toBe('2026-03-01T10:00:00.000Z ERROR failed err="TypeError: boom"')
    expect(second).toBe('    TypeError: boom')
    expect(third).toMatch(/^ {4}at /)
  })

  it('takes an error or a lone message, as pino does', () => {
    const { log, lines } = logger()
    log.error(new Error('alone'))
    ;(log as unknown as { info(message: string): void }).info('just words')
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['alone', 'just words'])
  })

  it.each(['text', 'json'] as const)('never throws in format %s', (format) => {
    const { log, lines } = logger({ format })
    const cycle: Record<string, unknown> = {
      big: 10n ** 30n,
      when: new Date(Number.NaN),
      bytes: new Uint8Array(3),
      map: new Map([['k', new Set([1])]]),
    }
    cycle.self = cycle
    Object.defineProperty(cycle, 'trap', { enumerable: true, get: () => expect.fail('read') })
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    log.info(
      { cycle, revoked: revoked.proxy, symbol: Symbol('s'), fn: () => 1, hostile: { toJSON: () => expect.fail('toJSON') } },
      'hostile',
    )
    log.info(null as never)
    log.info(undefined as never, 10n as never)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toContain('[circular]')
    expect(lines[0]).toContain('[unreadable]')
    expect(lines[0]).toContain('1000000000000000000000000000000')
  })

  it('survives a write that throws', () => {
    const { log } = logger({ write: () => expect.fail('closed pipe') })
    expect(() => log.error({}, 'x')).not.toThrow()
  })

  it('does not let payloads forge lines, terminal sequences or reserved fields', () => {
    const text = logger({ format: 'text' })
    text.log.info({ name: 'a\nERROR forged', 'evil key': '\u001b[31m' }, 'line one\nline two')
    expect(text.lines[0]).not.toMatch(/\p{Cc}/u)
    const json = logger()
    json.log.info({ level: 'error', msg: 'forged', time: 0 }, 'real')
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({ level: 'info', msg: 'real', time: '2026-03-01T10:00:00.000Z', level_: 'error' })
  })

  it('bounds a line, however large the fields', () => {
    const { log, lines } = logger()
    log.info({ text: 'x'.repeat(10_000_000), list: Array.from({ length: 100_000 }, (_, index) => index) }, 'large')
    expect((lines[0] ?? '').length).toBeLessThan(64_000)
    expect(lines[0]).toContain('[truncated from 10000000 characters]')
  })

  it('is a Logger', () => {
    const { log } = logger()
    const asLogger: Logger = log
    expect(typeof asLogger.child).toBe('function')
  })
})
