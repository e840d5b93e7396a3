/** Results and progress as they are kept: JSON text, bounded, never a reason to fail a run. */
import { findUnkept } from '../job/payload.ts'

/** What is kept of a value, and what of it is lost, in words; `loss` is null when nothing is. */
export interface Kept {
  readonly text: string | null
  readonly loss: string | null
}

const NOTHING: Kept = { text: null, loss: null }

/** JSON text of a handler's result; null for undefined. Too large or unserialisable values leave a marker that says so. */
export function keepResult(value: unknown, maxBytes: number): Kept {
  if (value === undefined) return NOTHING
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return {
      text: JSON.stringify({ $unserialisable: message }),
      loss: `cannot be written as JSON (${message}); a marker { $unserialisable } stands for it`,
    }
  }
  if (text === undefined) return { text: null, loss: 'is nothing that JSON can keep; null stands for it' }
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxBytes) return { text, loss: lossOf(value) }
  return {
    text: JSON.stringify({ $truncated: { bytes, limit: maxBytes, head: text.slice(0, Math.min(512, Math.floor(maxBytes / 4))) } }),
    loss: `has ${bytes} bytes as JSON, and the limit is ${maxBytes}; a marker { $truncated } with its beginning stands for it`,
  }
}

/** JSON makes `{}` of a map and null of a NaN without a word. */
function lossOf(value: unknown): string | null {
  if (typeof value !== 'object' && typeof value !== 'number') return null
  try {
    const unkept = findUnkept(value, 'its value')
    return unkept === null ? null : `is kept in part: ${unkept}, which JSON cannot keep`
  } catch {
    return null
  }
}
