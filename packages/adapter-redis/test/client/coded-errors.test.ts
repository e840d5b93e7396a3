import { QuarterjackError } from '@quarterjack/core/store'
import { describe, expect, it } from 'vitest'
import { codedError, isRefused } from '../../src/client/coded-errors.ts'
import { NoConnection } from '../../src/client/connection.ts'
import { NoAnswer } from '../../src/client/deadlines.ts'

const place = { store: 'redis', prefix: 'jobs', what: 'runs.claim' }
const withCode = (code: string, message = 'no'): Error => Object.assign(new Error(message), { code })

describe('errors of clients and servers', () => {
  it.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
    'MISCONF no',
  ])('"%s" is the state of the server', (message) => {
    expect(codedError(new Error(message), place).serverWide).toBe(true)
  })

  it.each(['ERR string exceeds maximum allowed size (proto-max-bulk-len)', 'ERR user_script:3: bad argument', 'whatever'])(
    '"%s" may be due to what was written',
    (message) => {
      expect(codedError(new Error(message), place).serverWide).toBe(false)
    },
  )

  it.each([
    ['ECONNREFUSED', 'StoreUnavailable', /Check host and port/],
    ['ECONNRESET', 'StoreUnavailable', /may have taken effect/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'StoreUnavailable', /give its CA/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'StoreUnavailable', /another host name/],
    ['CERT_HAS_EXPIRED', 'StoreUnavailable', /renew it/],
  ])('a socket that says %s has the code %s and a remedy', (sign, code, remedy) => {
    const cause = withCode(sign)
    const error = codedError(cause, place)
    expect(error).toMatchObject({ code, cause })
    expect(error.message).toMatch(/^store "redis": runs\.claim failed: no \(/)
    expect(error.message).toContain(sign)
    expect(error.message).toMatch(remedy)
  })

  it.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', 'StoreUnavailable', /Check the user and password/],
    ['NOAUTH Authentication required.', 'StoreUnavailable', /Check the user and password/],
    [
      "NOPERM User worker has no permissions to run the 'evalsha' command",
      'StoreUnavailable',
      /ACL SETUSER <user> ~\{jobs\}:\* &\{jobs\}:\* \+evalsha/,
    ],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'StoreUnavailable', /maxmemory/],
    ["READONLY You can't write against a read only replica.", 'StoreUnavailable', /primary/],
    ['MISCONF Redis is configured to save RDB snapshots, but it is unable to persist on disk.', 'StoreUnavailable', /cannot save/],
    ['LOADING Redis is loading the dataset in memory', 'StoreUnavailable', /loading its data/],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'StoreUnavailable', /in touch with its primary/],
    ['BUSY Redis is busy running a script.', 'StoreUnavailable', /takes too long/],
    ['NOREPLICAS Not enough good replicas to write.', 'StoreUnavailable', /min-replicas-to-write/],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'StoreUnavailable', /please report/],
    ['MOVED 866 127.0.0.1:7002', 'StoreUnavailable', /cluster client/],
    ['ASK 866 127.0.0.1:7002', 'StoreUnavailable', /cluster client/],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'StoreUnavailable', /moving slots/],
    ['CLUSTERDOWN Hash slot not served', 'StoreUnavailable', /cluster info/],
    ['NOSCRIPT No matching script.', 'StoreUnavailable', /forgets scripts/],
    [
      'WRONGTYPE Operation against a key holding the wrong kind of value script: c0ffee, on @user_script:3.',
      'InvalidOption',
      /option "prefix"/,
    ],
    ['ERR Error running script (call to f_c0ffee): @user_script:3: WRONGTYPE Operation against a key', 'InvalidOption', /option "prefix"/],
    [
      "ERR Error running script (call to f_c0ffee): @user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.",
      'StoreUnavailable',
      /maxmemory/,
    ],
    [
      "ERR Error running script (call to f_c0ffee): @user_script: 3: The user executing the script can't run this command",
      'StoreUnavailable',
      /ACL SETUSER/,
    ],
    ["ERR user_script:3: Script attempted to access nonexistent global variable 'x'", 'StoreUnavailable', /please report/],
    ["ERR unknown command 'EVALSHA', with args beginning with:", 'StoreUnsupported', /Redis 6\.2/],
    ['ERR This instance has cluster support disabled', 'StoreUnavailable', /single server/],
    [
      "ERR Can't execute 'evalsha': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
      'StoreUnavailable',
      /does not subscribe/,
    ],
    ['ERR max number of clients reached', 'StoreUnavailable', /maxclients/],
    ['The client is closed', 'StoreUnavailable', /client\.connect\(\)/],
    ['Connection is closed.', 'StoreUnavailable', /not connected/],
    ['Disconnects client', 'StoreUnavailable', /not connected/],
    ['The client is offline', 'StoreUnavailable', /Check host and port/],
    ['Socket closed unexpectedly', 'StoreUnavailable', /may have taken effect/],
    [
      'Reached the max retries per request limit (which is 20). Refer to "maxRetriesPerRequest" option for details.',
      'StoreUnavailable',
      /Check host and port/,
    ],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'StoreUnavailable', /Check host and port/],
    ['Connection in subscriber mode, only subscriber commands may be used', 'StoreUnavailable', /does not subscribe/],
    ['Command timed out', 'StoreTimedOut', /may still take effect/],
    ['Timeout waiting for a client', 'StoreUnavailable', /"maximum"/],
    ['All the root nodes are unavailable', 'StoreUnavailable', /Check host and port/],
    ['whatever', 'StoreUnavailable', /goes on by itself/],
  ])('"%s" is %s', (message, code, remedy) => {
    const error = codedError(new Error(message), place)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(remedy)
    expect(error.message).toContain(message.replace(/\.$/, ''))
  })

  it('ask for another start where the store was not opened', () => {
    const { message } = codedError(withCode('ECONNREFUSED'), { ...place, what: 'open' })
    expect(message).toMatch(/Check host and port.* Then call start\(\) again/)
    expect(message).not.toMatch(/by itself/)
  })

  it('are told by what lies behind them', () => {
    expect(codedError(new NoConnection(withCode('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:6379')), place).message).toBe(
      'store "redis": runs.claim failed: no connection (connect ECONNREFUSED 127.0.0.1:6379). Check host and port, and that the server runs and can be reached from here. The scheduler goes on by itself.',
    )
    expect(codedError(new NoConnection(new Error('WRONGPASS invalid')), place).message).toMatch(/Check the user and password/)
    const failed = Object.assign(new Error('Failed to refresh slots cache.'), {
      lastNodeError: new Error('NOAUTH Authentication required.'),
    })
    expect(codedError(failed, place).message).toMatch(/Check the user and password/)
    expect(codedError(new NoAnswer(10_000), place).code).toBe('StoreTimedOut')
  })

  it('tell of every address when a name has several', () => {
    const cause = new AggregateError(
      [withCode('ECONNREFUSED', 'connect ECONNREFUSED ::1:6379'), withCode('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:6379')],
      '',
    )
    expect(codedError(cause, place).message).toContain('connect ECONNREFUSED ::1:6379; connect ECONNREFUSED 127.0.0.1:6379. Check host')
  })

  it('are left as they are when they are ours', () => {
    const error = new QuarterjackError('SchemaNewer', 'x')
    expect(codedError(error, place)).toBe(error)
  })

  it('may be no error at all', () => {
    expect(codedError('odd', place).message).toContain('failed: odd.')
    expect(codedError(undefined, place).code).toBe('StoreUnavailable')
  })
})

describe('what scripts refuse', () => {
  it('has the code and the words that they give it', () => {
    const error = codedError(new Error('QJ SchemaNewer It was written by version 7. Upgrade.'), place)
    expect(error).toMatchObject({ code: 'SchemaNewer', message: 'store "redis": It was written by version 7. Upgrade.' })
    const thrown = 'QJ UnknownRun There is no run "x". script: 0123456789012345678901234567890123456789, on @user_script:12.'
    expect(codedError(new Error(thrown), place)).toMatchObject({ code: 'UnknownRun', message: 'store "redis": There is no run "x".' })
  })

  it('is a bug under a code that there is not', () => {
    expect(codedError(new Error('QJ Nonsense x'), place)).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/please report/),
    })
  })
})

describe('what is optional', () => {
  it('is refused when the server says no, and not when it cannot be reached', () => {
    const coded = (message: string): QuarterjackError => codedError(new Error(message), place)
    expect(isRefused(coded('NOPERM this user has no permissions'))).toBe(true)
    expect(isRefused(coded("ERR unknown command 'CONFIG'"))).toBe(true)
    expect(isRefused(coded('NOAUTH Authentication required.'))).toBe(false)
    expect(isRefused(codedError(withCode('ECONNREFUSED'), place))).toBe(false)
  })
})
