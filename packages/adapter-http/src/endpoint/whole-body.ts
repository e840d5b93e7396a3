/** Bodies that are at hand as a whole: a listener of Node's sends them as they are, instead of reading a `Response` to its end. */
const BODIES = new WeakMap<Response, string | Buffer>()

/** A response, and its body remembered. */
export function respondWhole(body: string | Buffer, init: ResponseInit): Response {
  const response = new Response(body as BodyOf, init)
  BODIES.set(response, body)
  return response
}

type BodyOf = ConstructorParameters<typeof Response>[0]

/** Undefined for a response that somebody else made. */
export function wholeBody(response: Response): string | Buffer | undefined {
  return BODIES.get(response)
}
