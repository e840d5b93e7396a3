/** What went wrong below HTTP, by the code that the system, TLS or the parser gave. Pure. */
import type { ErrorCode } from '@quarterjack/core/store'

/** A failure of the network in a word for people and a code for programs. */
export interface NetworkFailure {
  readonly code: ErrorCode
  readonly reason: string | undefined
  /** Completes "POST https://example.com …". */
  readonly what: string
}

/** Never throws. */
export function classifyNetworkError(error: unknown): NetworkFailure {
  const reason = reasonOf(error)
  const of = (code: ErrorCode, what: string): NetworkFailure => ({
    code,
    reason,
    what: reason === undefined ? what : `${what} (${reason})`,
  })
  if (reason === undefined) return of('HttpNetworkFailed', 'failed')
  if (reason === 'ENOTFOUND' || reason.startsWith('EAI_')) return of('HttpDnsFailed', 'failed: its host name could not be resolved')
  if (reason === 'ECONNREFUSED') return of('HttpRefused', 'failed: the connection was refused')
  if (RESET.has(reason)) return of('HttpReset', 'failed: the connection broke before the answer was complete')
  if (reason === 'ETIMEDOUT') return of('HttpTimedOut', 'failed: the connection could not be made in time')
  if (TLS.test(reason)) return of('HttpTlsFailed', 'failed: no secure connection could be made')
  return of('HttpNetworkFailed', 'failed')
}

const RESET: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'HPE_INVALID_EOF_STATE'])

/** Codes of OpenSSL's verification, of its handshake, and of Node's own TLS. */
const TLS =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_|HOSTNAME_MISMATCH$|INVALID_(?:CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$)/

function reasonOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: unknown }
  if (typeof code === 'string') return code
  // One error per address of the host.
  return Array.isArray(errors) ? reasonOf(errors[0]) : undefined
}
