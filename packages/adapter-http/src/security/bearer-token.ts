/** The token of `Authorization: Bearer …`. */

// Of RFC 6750, and what people put into CRON_SECRET besides; a comma and a space would be two headers in one.
const BEARER = /^Bearer ([!-~]{1,4096})$/i

/** Null when there is none, or more than one. */
export function bearerToken(headers: Headers): string | null {
  const value = headers.get('authorization')
  return (value === null ? null : BEARER.exec(value)?.[1]) ?? null
}
