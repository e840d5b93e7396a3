/** From the bytes of an answer to what its judges see. */
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { RawAnswer } from './exchange.ts'

/** The body of an answer, in every shape that somebody needs. */
export interface ReadBody {
  /** What arrived, as text; at most `maxBytes` of it. */
  readonly text: string
  /** JSON parsed, other text as it is, undefined when empty. */
  readonly value: unknown
  /** It was longer than `maxBytes`, compressed or not. */
  readonly isCut: boolean
}

/** `wantsJson`: text that parses is JSON, whatever its content type says. Never throws: what cannot be decoded stays as it is. */
export function readBody({ headers, bytes, isCut }: RawAnswer, maxBytes: number, wantsJson: boolean): ReadBody {
  const decoded = isCut ? { bytes, isCut } : decompress(headers.get('content-encoding'), bytes, maxBytes)
  const type = headers.get('content-type') ?? ''
  const text = decode(type, decoded.bytes)
  if (decoded.isCut) return { text, value: text, isCut: true }
  if (text === '') return { text, value: undefined, isCut: false }
  return { text, value: wantsJson || isJson(type) ? parsed(text) : text, isCut: false }
}

function isJson(type: string): boolean {
  return /^\s*(?:application|text)\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function decode(type: string, bytes: Buffer): string {
  const charset = /charset\s*=\s*"?([\w-]+)/i.exec(type)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

/** None was asked for; some send it all the same. */
function decompress(encoding: string | null, bytes: Buffer, maxBytes: number): { readonly bytes: Buffer; readonly isCut: boolean } {
  const inflate = DECODERS[encoding?.trim().toLowerCase() ?? '']
  if (inflate === undefined || bytes.length === 0) return { bytes, isCut: false }
  try {
    return { bytes: inflate(bytes, { maxOutputLength: maxBytes }), isCut: false }
  } catch (error) {
    const isTooLong = (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
    return { bytes: isTooLong ? Buffer.alloc(0) : bytes, isCut: isTooLong }
  }
}

const DECODERS: Readonly<Record<string, typeof gunzipSync>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}
