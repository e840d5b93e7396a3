/** From a target's body, or the run's payload, to bytes and their type. */
import type { RunContext } from '@quarterjack/core'
import { valueFor } from './value.ts'

/** A body as it is sent. */
export interface EncodedBody {
  readonly bytes: Buffer
  readonly type: string
}

/** Null: none is sent. `refuse` throws what it is told. */
export async function encodeBody<P>(
  method: string,
  given: unknown,
  ctx: RunContext<P>,
  refuse: (problem: string) => never,
): Promise<EncodedBody | null> {
  if (method === 'GET' || method === 'HEAD') return null
  const body: unknown = given === undefined ? ctx.payload : await valueFor(given, ctx)
  if (body === null || body === undefined) return null
  if (typeof body === 'string') return { bytes: Buffer.from(body), type: 'text/plain;charset=UTF-8' }
  if (body instanceof URLSearchParams) {
    return { bytes: Buffer.from(body.toString()), type: 'application/x-www-form-urlencoded;charset=UTF-8' }
  }
  if (ArrayBuffer.isView(body)) {
    return { bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength), type: 'application/octet-stream' }
  }
  return { bytes: Buffer.from(toJson(body, given === undefined, refuse)), type: 'application/json' }
}

function toJson(body: unknown, isPayload: boolean, refuse: (problem: string) => never): string {
  let text: string | undefined
  try {
    text = JSON.stringify(body)
  } catch {
    // Its message may quote what was to be sent.
  }
  return text ?? refuse(`cannot be written as JSON; ${isPayload ? 'give a body that can' : 'convert it before'}`)
}
