import { QuarterjackError } from '@quarterjack/core/store'
import { describe, expect, it } from 'vitest'
import { codedError } from '../../src/client/coded-errors.ts'

const place = { store: 'pg', schema: 'jobs', what: 'runs.claim' }
const withCode = (code: string, message = 'no'): Error => Object.assign(new Error(message), { code })

describe('errors of clients and servers', () => {
  it.each(['53100', '53200', '53300', '25006', '42501', '42P01', '57P03'])('%s is the state of the server', (sign) => {
    expect(codedError(withCode(sign), place).serverWide).toBe(true)
  })

  it.each(['22021', '22P05', '23514', '54000', 'P0001', '21000', '57014', '55P03', '40P01', '40001'])(
    '%s may be due to what was written, or to how much',
    (sign) => {
      expect(codedError(withCode(sign), place).serverWide).toBe(false)
    },
  )

  it.each([
    ['ECONNREFUSED', 'StoreUnavailable', /Check host and port/],
    ['ECONNRESET', 'StoreUnavailable', /closed the connection/],
    ['CONNECTION_ENDED', 'StoreUnavailable', /client was ended/],
    ['28P01', 'StoreUnavailable', /user and password/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'StoreUnavailable', /give its CA in the client's "ssl" option/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'StoreUnavailable', /another host name/],
    ['CERT_HAS_EXPIRED', 'StoreUnavailable', /renew it/],
    ['3D000', 'StoreUnavailable', /Create the database/],
    ['42501', 'StoreUnavailable', /USAGE on schema "jobs"/],
    ['3F000', 'StoreUnavailable', /schemaSql\(\{ schema: 'jobs' \}\)/],
    ['42P01', 'StoreUnavailable', /migrate: true/],
    ['42883', 'StoreUnavailable', /migrate: true/],
    ['42P07', 'InvalidOption', /option "schema"/],
    ['53300', 'StoreUnavailable', /no connection left/],
    ['25006', 'StoreUnavailable', /primary/],
    ['53100', 'StoreUnavailable', /disk .* full/],
    ['57014', 'StoreUnavailable', /statement_timeout/],
    ['55P03', 'StoreUnavailable', /lock_timeout/],
    ['40P01', 'StoreUnavailable', /waited for each other/],
    ['40001', 'StoreUnavailable', /collided/],
    ['57P01', 'StoreUnavailable', /goes on by itself/],
    ['57P03', 'StoreUnavailable', /starting up/],
    ['08006', 'StoreUnavailable', /closed the connection/],
    ['23505', 'StoreUnavailable', /please report/],
  ])('%s has the code %s and a remedy', (sign, code, remedy) => {
    const cause = withCode(sign)
    const error = codedError(cause, place)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/^store "pg": runs\.claim failed: no \(/)
    expect(error.message).toContain(sign)
    expect(error.message).toMatch(remedy)
    expect(error.cause).toBe(cause)
  })

  it.each(['3F000', '42P01', '42883', '42703'])('%s when a store is opened is SchemaMissing', (sign) => {
    expect(codedError(withCode(sign), { ...place, what: 'open' }).code).toBe('SchemaMissing')
  })

  it.each([
    ['Cannot use a pool after calling end on the pool', 'StoreUnavailable', /client was ended/],
    ['PGlite is closed', 'StoreUnavailable', /client was ended/],
    ['timeout exceeded when trying to connect', 'StoreUnavailable', /"max"/],
    ['Query read timeout', 'StoreTimedOut', /may still take effect/],
    ['Connection terminated unexpectedly', 'StoreUnavailable', /closed the connection/],
    ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'StoreUnavailable', /give the client one/],
    ['whatever', 'StoreUnavailable', /goes on by itself/],
  ])('"%s" without a code is %s', (message, code, remedy) => {
    const error = codedError(new Error(message), place)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(remedy)
  })

  it('asks for another start where the store was not opened', () => {
    const { message } = codedError(withCode('ECONNREFUSED'), { ...place, what: 'open' })
    expect(message).toMatch(/Check host and port.* Then call start\(\) again/)
    expect(message).not.toMatch(/by itself/)
  })

  it('tells the errors of every address when a name has several', () => {
    const cause = new AggregateError(
      [withCode('ECONNREFUSED', 'connect ECONNREFUSED ::1:5432'), withCode('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432')],
      '',
    )
    const { message } = codedError(cause, place)
    expect(message).toContain('connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432 (ECONNREFUSED)')
  })

  it('leaves errors of ours as they are', () => {
    const error = new QuarterjackError('SchemaNewer', 'x')
    expect(codedError(error, place)).toBe(error)
  })

  it('takes what is no error at all', () => {
    expect(codedError('odd', place).message).toContain('failed: odd.')
    expect(codedError(undefined, place).code).toBe('StoreUnavailable')
  })
})
