/** Answers in the shapes of the old API. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

const instance = `${hostname()}/${randomBytes(5).toString('base64url')}`
let asked = 0

/** `shtetl/Kx81jQe-000042`: host, process, and a number that grows. */
export function nextRequestId(): string {
  asked += 1
  return `${instance}-${String(asked).padStart(6, '0')}`
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

export function answerData(status: number, data: unknown): Response {
  return Response.json({ data }, { status, headers: HEADERS })
}

export interface Refusal {
  readonly status: number
  readonly code: string
  /** Nothing internal: everybody may read it. */
  readonly message: string
}

export function answerError({ status, code, message }: Refusal, requestId: string): Response {
  return Response.json({ error: { code, message, request_id: requestId } }, { status, headers: HEADERS })
}

export function answerHtml(html: string): Response {
  const security = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" }
  return new Response(html, { headers: { ...HEADERS, ...security, 'content-type': 'text/html; charset=utf-8' } })
}
