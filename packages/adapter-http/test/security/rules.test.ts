/** The rules of the gate by themselves. */
import { fakeClock } from '@quarterjack/core/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pageOf } from '../../src/control/page.ts'
import { PROBLEMS } from '../../src/problem/problem.ts'
import { addressOf, rememberAddress } from '../../src/security/client-address.ts'
import { isOneOf } from '../../src/security/equal-secrets.ts'
import { createFailureLimit } from '../../src/security/failure-limit.ts'
import { currentSecrets, secretsProblem } from '../../src/security/secrets.ts'
import { readFileSync } from 'node:fs'

describe('isOneOf', () => {
  it('finds a secret exactly where it is one of them', () => {
    const secret = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '')
    fc.assert(
      fc.property(secret, fc.array(secret), (given, secrets) => {
        expect(isOneOf(given, secrets)).toBe(secrets.includes(given))
      }),
    )
    fc.assert(
      fc.property(secret, fc.array(secret), fc.nat(), (given, secrets, at) => {
        expect(isOneOf(given, secrets.toSpliced(at, 0, given))).toBe(true)
      }),
    )
  })

  it('matches nothing that is blank, though it were equal', () => {
    for (const blank of ['', ' ', '\t\n']) expect(isOneOf(blank, [blank])).toBe(false)
  })
})

describe('secrets', () => {
  it('are what is not blank, whoever gives them', async () => {
    expect(await currentSecrets('a')).toEqual(['a'])
    expect(await currentSecrets(['a', '', ' ', 'b'])).toEqual(['a', 'b'])
    expect(await currentSecrets(async () => '')).toEqual([])
    expect(await currentSecrets(() => [undefined as never, 'x'])).toEqual(['x'])
  })

  it('are judged where they are given', () => {
    for (const good of ['a', ['a', 'b'], () => '']) expect(secretsProblem(good)).toBe(null)
    for (const bad of ['', ' ', [], ['a', ''], undefined, 7, {}]) expect(secretsProblem(bad)).not.toBe(null)
  })
})

describe('the address of a client', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, ''],
  ])('%s is %s', (address, client) => {
    const request = new Request('http://localhost/')
    rememberAddress(request, address)
    expect(addressOf(request)).toBe(client)
  })
})

describe('the bound on failures', () => {
  it('forgets the oldest of very many clients, and none that is new', () => {
    const limit = createFailureLimit({ max: 1, perMs: 60_000, monotonic: fakeClock().monotonic })
    for (let client = 0; client <= 10_000; client++) limit.fail(String(client))
    expect([limit.blockedMs('0') > 0, limit.blockedMs('1') > 0, limit.blockedMs('10000') > 0]).toEqual([false, true, true])
  })

  it('counts anew after its window', async () => {
    const clock = fakeClock()
    const limit = createFailureLimit({ max: 2, perMs: 1_000, monotonic: clock.monotonic })
    limit.fail('a')
    await clock.advance(999)
    limit.fail('a')
    expect(limit.blockedMs('a')).toBe(1)
    await clock.advance(1)
    expect(limit.blockedMs('a')).toBe(0)
    limit.fail('a')
    expect(limit.blockedMs('a')).toBe(0)
  })
})

describe('pages', () => {
  it('tell of another one exactly when there is more', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 20 }), (all, limit) => {
        const { items, next } = pageOf(all.slice(0, limit + 1), limit, String)
        expect(items).toEqual(all.slice(0, limit))
        expect(next).toBe(all.length > limit ? String(all[limit - 1]) : null)
      }),
    )
  })
})

describe('problems', () => {
  it('are all tabled in the docs, with their status', () => {
    const page = readFileSync(new URL('../../../../docs/http-handler.md', import.meta.url), 'utf8')
    for (const [code, { status }] of Object.entries(PROBLEMS))
      expect([code, page.includes(`| \`${code}\` | ${status} |`)]).toEqual([code, true])
  })
})
