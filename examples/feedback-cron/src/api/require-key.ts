/** Lets only callers with the API key through. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'

/** 401 unless the `X-API-Key` header is `apiKey`. The comparison takes the same time whatever was sent. */
export function requireKey(apiKey: string): MiddlewareHandler {
  const expected = digest(apiKey)
  return async (c, next) => {
    // Digests have one length, so that not even the key's length shows.
    if (!timingSafeEqual(digest(c.req.header('x-api-key') ?? ''), expected))
      return c.json({ error: 'The X-API-Key header is missing or wrong.' }, 401)
    return next()
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
