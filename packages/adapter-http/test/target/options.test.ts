/** Targets that are wrong: every problem at once, with field, value and remedy, before anything is sent. */
import { describe, expect, it } from 'vitest'
import { httpTarget } from '../../src/index.ts'

const refusalOf = (options: unknown): string => {
  try {
    httpTarget(options as never)
  } catch (error) {
    expect(error).toMatchObject({ code: 'InvalidOption' })
    return (error as Error).message
  }
  throw new Error('It was not refused.')
}
const url = 'https://example.com'

describe('httpTarget refuses', () => {
  it.each<[options: unknown, problem: string]>([
    [undefined, 'httpTarget has invalid options'],
    [{}, 'url: is missing; use a text, a URL or a function of ctx.'],
    [{ url: '/path' }, 'url: "/path" is no absolute address. Write one such as "https://example.com/path"'],
    [{ url: 'localhost:3000/x?token=hidden' }, 'url: "localhost:3000/x?…" does not begin with http:// or https://'],
    [{ url: 'ftp://ann:hidden@host/x' }, 'url: "ftp://…@host/x" does not begin with http:// or https://'],
    [{ url: 'https://ann:hidden@host/' }, 'url: holds credentials. Put them into auth: { basic: { username, password } }'],
    [{ url, method: 'get' }, 'method: use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS; this is "get".'],
    [{ url, method: 'GET', body: {} }, 'body: GET sends none. Use query, or another method.'],
    [{ url, query: 'a=b' }, 'query: use { name: value } or a function of ctx'],
    [{ url, headers: ['a'] }, 'headers: use { name: value } or a function of ctx'],
    [{ url, headers: { 'X Y': 'hidden' } }, 'headers.X Y: is no name of a header. Use letters, digits and "-"'],
    [
      { url, headers: { 'X-A': 'hidden\r\nB: c' } },
      'headers.X-A: has a value with a line break or another character that no header can carry',
    ],
    [{ url, headers: { 'X-A': true } }, 'headers.X-A: must be a text, a number, null or a function of ctx'],
    [{ url, headers: { 'content-length': 5 } }, 'headers.content-length: is set by Node itself. Leave it out'],
    [{ url, auth: 'hidden' }, 'auth: use { bearer }, { basic: { username, password } }, { apiKey, header } or a function of ctx'],
    [{ url, auth: { bearer: '' } }, 'auth.bearer: must not be empty'],
    [{ url, auth: { bearer: 'hidden', token: 'x' } }, 'auth: "token" is not an option. Known are bearer.'],
    [{ url, auth: { apiKey: 'hidden', header: 'X Y' } }, 'auth.header: use the name of a header that can be set.'],
    [{ url, timeout: 'soon' }, 'timeout: "soon" is not a duration. Use whole milliseconds or a string such as "500ms"'],
    [{ url, timeout: 0 }, 'timeout: 0 is too short; the least is 1 ms'],
    [{ url, success: [] }, 'success: the list is empty. Put a status into it, or leave it out.'],
    [{ url, success: [99] }, 'success[0]: use whole statuses from 200 to 599; this is 99.'],
    [{ url, skip: true }, 'skip: use a list of statuses, false or a function; this is true.'],
    [{ url, response: { type: 'object' } }, 'response: must be a Standard Schema (zod, valibot, arktype, …)'],
    [{ url, signing: { secret: 'hidden' } }, 'signing.secret: is no secret. Use "whsec_" and the base64 of 24 to 64 random bytes'],
    [{ url, signing: { secret: [] } }, 'signing.secret: the list is empty. Put a secret into it'],
    [{ url, idempotency: 'yes' }, 'idempotency: use true, false or { header, key }; this is "yes".'],
    [{ url, redirect: 'manual' }, 'redirect: use "refuse", "same-origin" or "follow"; this is "manual".'],
    [{ url, maxResponse: 0 }, 'maxResponse: must be 1 or more; this is 0.'],
    [{ url, agent: {} }, 'agent: must be an Agent of node:http or node:https'],
    [{ url, retry: 3 }, '"retry" is not an option: write it in defineJob({ retry }).'],
    [{ url, methd: 'GET' }, '"methd" is not an option. Did you mean "method"? Known are url, method, query,'],
    [{ methd: 'GET' }, 'url: is missing; use a text, a URL or a function of ctx.'],
    [{ url, auth: { token: 'hidden' } }, 'auth: use { bearer }, { basic'],
    [{ url, auth: { basic: { username: 'hidden' } } }, 'auth.basic.password: is missing; use a text'],
  ])('%j', (options, problem) => {
    const message = refusalOf(options)
    expect(message).toContain(problem)
    expect(message).not.toContain('hidden')
  })

  it('several things at once', () => {
    expect(refusalOf({ url: '/x', timeout: -1, redirect: 'no' }).split('\n')).toHaveLength(4)
  })
})
