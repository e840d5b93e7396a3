/** Reads a body: bounded in bytes and in time, decoded strictly, parsed as JSON without surprises. */
import type { Clock } from '@quarterjack/core'
import { Problem } from '../problem/problem.ts'

export interface BodyLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The whole body as text; empty when there is none. Throws {@link Problem}. */
export async function readText(request: Request, limits: BodyLimits): Promise<string> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > limits.maxBytes) throw tooLarge(limits.maxBytes)
  if (request.body === null) return ''
  if (request.bodyUsed) throw new Problem('InvalidRequest', 'The body was read before it came here.')
  const reader = request.body.getReader()
  let timer: ReturnType<Clock['setTimer']> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = limits.clock.setTimer(
      () => reject(new Problem('BodyTimedOut', `The body was not complete within ${limits.timeoutMs} ms.`)),
      limits.timeoutMs,
    )
  })
  try {
    return await Promise.race([readAll(reader, limits.maxBytes), late])
  } catch (error) {
    reader.cancel().catch(() => undefined)
    throw error instanceof Problem ? error : new Problem('InvalidRequest', 'The body ended before it was complete.')
  } finally {
    if (timer !== undefined) limits.clock.clearTimer(timer)
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(value)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new Problem('InvalidRequest', 'The body is not UTF-8.')
  }
}

/** A value of JSON text; undefined for none. Throws {@link Problem}, also for names that could reach a prototype. */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem('InvalidRequest', 'The body is not JSON.')
  }
  refusePrototypes(value)
  return value
}

/** Of what JSON can nest; deeper would exhaust the stack of whoever walks it. */
const DEEPEST = 200

function refusePrototypes(value: unknown): void {
  let level: readonly unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new Problem('InvalidRequest', `The body is nested deeper than ${DEEPEST} levels.`)
    const next: unknown[] = []
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue
      if (Object.hasOwn(one, '__proto__')) throw new Problem('InvalidRequest', 'The body has a member named "__proto__".')
      for (const member of Object.values(one)) next.push(member)
    }
    level = next
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('BodyTooLarge', `The body has more than ${maxBytes} bytes.`)
}
