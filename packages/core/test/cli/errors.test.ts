import { describe, expect, it } from 'vitest'
import { exitCodeOf } from '../../src/cli/exit-code.ts'
import { ERROR_CODES } from '../../src/errors/error-code.ts'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { fakeScheduler } from './fake-scheduler.ts'
import { invoke } from './invoke.ts'

function throwing(error: unknown): ReturnType<typeof fakeScheduler>['scheduler'] {
  return fakeScheduler({
    verbs: {
      'runs.find': () => {
        throw error
      },
    },
  }).scheduler
}

describe('exit codes', () => {
  it('each error code has the documented exit code', () => {
    const by = (exit: number): string[] => ERROR_CODES.filter((code) => exitCodeOf(new QuarterjackError(code, '')) === exit)
    expect(by(3)).toEqual(['StoreClosed', 'StoreTimedOut', 'StoreUnavailable', 'SchemaNewer'])
    expect(by(2)).toEqual(expect.arrayContaining(['InvalidOption', 'InvalidInstant', 'PayloadInvalid', 'UnknownJob', 'StoreNotShared']))
    expect(by(1)).toEqual(expect.arrayContaining(['RunFailed', 'UnknownRun', 'JobInUse', 'WaitTimedOut', 'SchedulerStopped']))
    expect(by(0)).toEqual([])
  })

  it("a client's bare connection error means that the store is unreachable, however it is wrapped", () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })
    expect(exitCodeOf(refused)).toBe(3)
    expect(exitCodeOf(new AggregateError([refused], ''))).toBe(3)
    expect(exitCodeOf(new Error('could not query', { cause: refused }))).toBe(3)
    expect(exitCodeOf(new Error('other'))).toBe(1)
    expect(exitCodeOf('text')).toBe(1)
  })
})

describe('printing', () => {
  it('errors of the library: code and message, no stack', async () => {
    const { code, out, err } = await invoke(throwing(new QuarterjackError('StoreUnavailable', 'pg does not answer')), ['runs'])
    expect(err).toBe('error [StoreUnavailable]: pg does not answer\n')
    expect(out).toBe('')
    expect(code).toBe(3)
  })

  it('unexpected errors: message, and the stack only when asked for', async () => {
    const plain = await invoke(throwing(new TypeError('boom')), ['runs'])
    expect(plain.err).toBe('error [Unexpected]: boom\nSet QUARTERJACK_DEBUG=1 to see where it came from.\n')
    expect(plain.code).toBe(1)
    const debug = await invoke(throwing(new TypeError('boom')), ['runs'], { env: { QUARTERJACK_DEBUG: '1' } })
    expect(debug.err).toContain('    at ')
  })

  it('an error without a message says what it holds', async () => {
    const { err } = await invoke(throwing(new AggregateError([new Error('one'), new Error('two')])), ['runs'])
    expect(err).toContain('error [Unexpected]: one; two')
  })

  it('messages cannot steer the terminal', async () => {
    const { err } = await invoke(throwing(new Error('\u001b[2J')), ['runs'])
    expect(err).not.toContain('\u001b')
  })
})

describe('a store that other processes cannot see', () => {
  const refused = [
    'trigger report',
    'health',
    'schedules',
    'runs',
    'runs show r-1',
    'cancel r-1',
    'dead',
    'replay r-1',
    'suspend report --reason x',
    'resume report',
    'retire report',
    'audit',
  ]
  const welcome = ['list', 'preview report', 'run report', 'tick', 'doctor']

  it.each(refused)('%s is refused', async (line) => {
    const { scheduler, calls } = fakeScheduler({ shared: false, health: { owner: null } })
    const { code, err } = await invoke(scheduler, line.split(' '))
    expect(code).toBe(2)
    expect(err).toContain('error [StoreNotShared]: ')
    expect(err).toContain('app health --url http://127.0.0.1')
    expect(calls.map(([verb]) => verb)).toEqual(['health'])
  })

  it.each(welcome)('%s is not', async (line) => {
    const { scheduler } = fakeScheduler({ shared: false })
    const { err } = await invoke(scheduler, line.split(' '))
    expect(err).not.toContain('StoreNotShared')
  })

  it.each(refused)('%s works where the scheduler was started', async (line) => {
    const { scheduler } = fakeScheduler({ shared: false, live: true })
    const { code, err } = await invoke(scheduler, line.split(' '))
    expect(err).toBe('')
    expect(code).toBe(0)
  })
})
