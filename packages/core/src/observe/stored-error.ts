/** From whatever was thrown to the bounded text that is kept of it. */
import type { StoredError } from '../errors/stored-error.ts'
import { toPlainValue } from './plain-value.ts'
import { truncateText } from './truncate-text.ts'

/** The default bound of a kept error, in bytes of its JSON. */
export const ERROR_LIMIT_BYTES = 16_384

const LEAST_BYTES = 512
const MOST_CAUSES = 8
const MOST_MEMBERS = 10

/**
 * Name, message, code and stack of anything that can be thrown, as JSON of at most `maxBytes` bytes (at least 512).
 * The stack goes on with the causes and the members of an `AggregateError`; a cut is marked. Never throws: not for
 * non-errors, cycles, throwing getters or revoked proxies. NUL and lone surrogates, which databases refuse, are replaced.
 */
export function toStoredError(error: unknown, maxBytes: number = ERROR_LIMIT_BYTES): StoredError {
  try {
    return bound(describe(error, maxBytes), [error], Math.max(LEAST_BYTES, maxBytes))
  } catch {
    return { name: 'NonError', message: '[unreadable value]' }
  }
}

interface Described {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  /** Without its first line, which repeats the message. */
  readonly frames: string
  readonly cause: unknown
  readonly members: readonly unknown[]
}

function bound(error: Described, seen: unknown[], maxBytes: number): StoredError {
  const name = clean(error.name, 128)
  const code = error.code === undefined ? undefined : clean(error.code, 128)
  const overhead = bytesOf({ name, code, message: '', stack: '' })
  const message = clean(error.message, Math.floor((maxBytes - overhead) / 2))
  const room = maxBytes - bytesOf({ name, code, message, stack: '' })
  // A long message must not push the frames out.
  const head = `${name}: ${clean(error.message, 512)}`
  const stack = error.frames === '' && !hasMore(error) ? undefined : clean(head + error.frames + causes(error, seen, maxBytes), room)
  return { name, message, ...(code === undefined ? {} : { code }), ...(stack === undefined ? {} : { stack }) }
}

function hasMore(error: Described): boolean {
  return error.cause !== undefined || error.members.length > 0
}

function causes(error: Described, seen: unknown[], maxBytes: number): string {
  if (seen.length > MOST_CAUSES) return hasMore(error) ? '\nCaused by: […]' : ''
  let text = ''
  const add = (label: string, value: unknown): void => {
    if (text.length > maxBytes) return
    if (seen.includes(value)) text += `\n${label}: [circular]`
    else {
      const inner = describe(value, maxBytes)
      const code = inner.code === undefined ? '' : ` (${inner.code})`
      text += `\n${label}: ${inner.name}${code}: ${inner.message.slice(0, maxBytes)}${inner.frames}${causes(inner, [...seen, value], maxBytes)}`
    }
  }
  if (error.cause !== undefined) add('Caused by', error.cause)
  for (const member of error.members.slice(0, MOST_MEMBERS)) add('Contains', member)
  if (error.members.length > MOST_MEMBERS) text += `\nContains ${error.members.length - MOST_MEMBERS} more.`
  return text
}

function describe(error: unknown, maxBytes: number): Described {
  const message = read(error, 'message')
  if (typeof message !== 'string') return nonError(error)
  const code = read(error, 'code')
  const members = read(error, 'errors')
  return {
    name: nameOf(error),
    message,
    code: typeof code === 'string' || typeof code === 'number' ? String(code).slice(0, 256) : undefined,
    frames: framesOf(read(error, 'stack'), message, maxBytes),
    cause: read(error, 'cause'),
    members: Array.isArray(members) ? members : [],
  }
}

function nonError(value: unknown): Described {
  const text = typeof value === 'string' ? value : (JSON.stringify(toPlainValue(value)) ?? String(value))
  return { name: 'NonError', message: text, code: undefined, frames: '', cause: undefined, members: [] }
}

function nameOf(error: unknown): string {
  const name = read(error, 'name')
  if (typeof name === 'string' && name !== '') return name.slice(0, 256)
  const constructorName = read(read(error, 'constructor'), 'name')
  return typeof constructorName === 'string' && constructorName !== '' ? constructorName.slice(0, 256) : 'Error'
}

function framesOf(stack: unknown, message: string, maxBytes: number): string {
  if (typeof stack !== 'string') return ''
  const at = message === '' ? -1 : stack.slice(0, message.length + 512).indexOf(message)
  const start = at >= 0 ? at + message.length : stack.indexOf('\n    at ')
  return start < 0 ? '' : stack.slice(start, start + maxBytes)
}

/** Reads a property of anything; what throws is as good as absent. */
function read(value: unknown, key: string): unknown {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined
  try {
    return (value as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

function clean(text: string, maxBytes: number): string {
  // Cut first: the text may be a gigabyte. One character has at least one byte, so what is longer gets its marker below.
  const head = text.slice(0, maxBytes + 1)
  return truncateText(head.replaceAll('\0', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD'), maxBytes, text.length)
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
