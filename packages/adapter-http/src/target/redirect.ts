/** Where a redirect leads, and with what. Pure. */
import type { HttpRequest } from './build-request.ts'
import type { HttpTargetOptions } from './options.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const MOST_HOPS = 5

/** What becomes of an answer that may be a redirect. */
export type Hop =
  | { readonly kind: 'none' }
  | { readonly kind: 'follow'; readonly request: HttpRequest; readonly isForeign: boolean }
  /** Completes "POST https://example.com/path redirects …". */
  | { readonly kind: 'refuse'; readonly why: string }

/** The facts that {@link nextHop} judges. */
export interface RedirectFacts {
  readonly request: HttpRequest
  readonly status: number
  readonly location: string | null
  readonly policy: NonNullable<HttpTargetOptions['redirect']>
  /** Redirects that were followed before. */
  readonly hops: number
}

/** The next request: the rules of fetch, but that nothing of the user's goes to another origin. */
export function nextHop({ request, status, location, policy, hops }: RedirectFacts): Hop {
  if (!REDIRECTS.has(status) || location === null) return { kind: 'none' }
  const url = URL.parse(location, request.url.href)
  if (url === null || !/^https?:$/.test(url.protocol)) return { kind: 'refuse', why: 'to an address that cannot be called' }
  const isForeign = url.origin !== request.url.origin
  const where = isForeign ? `to ${url.origin}` : 'within its origin'
  const refuse = (why: string): Hop => ({ kind: 'refuse', why: `${where}, ${why}` })
  if (policy === 'refuse') return refuse('and redirects are refused. Call the final address, or set redirect')
  if (isForeign && policy === 'same-origin') return refuse('and only redirects within the origin are followed')
  if (request.url.protocol === 'https:' && url.protocol === 'http:') return refuse('which gives up TLS, and is never followed')
  if (hops >= MOST_HOPS) return refuse(`after ${MOST_HOPS} others. Is it a circle?`)
  // Credentials of an address are the other side's idea.
  url.username = ''
  url.password = ''
  return { kind: 'follow', request: redirected(request, url, status, isForeign), isForeign }
}

function redirected(request: HttpRequest, url: URL, status: number, isForeign: boolean): HttpRequest {
  const becomesGet = request.method !== 'HEAD' && (status === 303 || ((status === 301 || status === 302) && request.method === 'POST'))
  const headers = { ...(isForeign ? request.openHeaders : request.headers) }
  if (becomesGet) {
    // What described or signed the body.
    for (const name of ['content-type', 'content-encoding', 'content-language', 'webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      delete headers[name]
    }
  }
  return {
    ...request,
    url,
    headers,
    openHeaders: isForeign ? headers : request.openHeaders,
    ...(becomesGet && request.method !== 'GET' ? { method: 'GET', body: null } : {}),
  }
}
