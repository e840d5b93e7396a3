/** A bounded copy of any value that JSON can hold: no cycles, no BigInt, no getters that throw. */
import { truncateText } from './truncate-text.ts'

/** What a copy may cost. */
export interface PlainLimits {
  /** Levels of nesting. Default 6. */
  readonly depth?: number
  /** Values in all, over every level. Default 2,000. */
  readonly values?: number
  /** Bytes of one string. Default 16 KB. */
  readonly bytes?: number
}

/**
 * Copies `value` into plain JSON. Errors become `{ name, message, code, stack, cause }`, a BigInt its digits, a date its
 * ISO text, a cycle `'[circular]'`; whatever cannot be read becomes a word in brackets. Never throws.
 */
export function toPlainValue(value: unknown, limits: PlainLimits = {}): unknown {
  return copy(value, { left: limits.values ?? 2_000, bytes: limits.bytes ?? 16_384, above: [] }, limits.depth ?? 6)
}

interface Walk {
  left: number
  readonly bytes: number
  /** The objects on the way down: meeting one again is a cycle. */
  readonly above: object[]
}

function copy(value: unknown, walk: Walk, depth: number): unknown {
  walk.left -= 1
  switch (typeof value) {
    case 'string':
      return truncateText(value, walk.bytes)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
    case 'symbol':
      return truncateText(String(value), walk.bytes)
    case 'function':
      return '[function]'
    case 'object':
      return value === null ? null : copyObject(value, walk, depth)
    default:
      return value
  }
}

function copyObject(value: object, walk: Walk, depth: number): unknown {
  if (walk.above.includes(value)) return '[circular]'
  if (depth <= 0 || walk.left <= 0) return '[…]'
  walk.above.push(value)
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString()
    if (value instanceof Error) return copyEntries(errorEntries(value), walk, depth)
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if (Array.isArray(value) || value instanceof Set) return copyItems(value, walk, depth)
    if (value instanceof Map) return copyEntries(value.entries(), walk, depth)
    if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), walk, depth - 1)
    return copyEntries(ownEntries(value), walk, depth)
  } catch {
    return '[unreadable]'
  } finally {
    walk.above.pop()
  }
}

function copyItems(items: Iterable<unknown>, walk: Walk, depth: number): unknown[] {
  const out: unknown[] = []
  for (const item of items) {
    if (walk.left <= 0) {
      out.push('[…]')
      break
    }
    out.push(copy(item, walk, depth - 1) ?? null)
  }
  return out
}

function copyEntries(entries: Iterable<readonly [unknown, unknown]>, walk: Walk, depth: number): Record<string, unknown> {
  // No prototype: a key named __proto__ is a key like any other.
  const out: Record<string, unknown> = Object.create(null)
  for (const [key, item] of entries) {
    if (walk.left <= 0) {
      out['…'] = '[…]'
      break
    }
    const plain = copy(item, walk, depth - 1)
    if (plain !== undefined) out[truncateText(String(key), 256)] = plain
  }
  return out
}

function* ownEntries(value: object): Generator<[string, unknown]> {
  for (const key of Object.keys(value)) yield [key, read(value, key)]
}

function* errorEntries(error: Error): Generator<[string, unknown]> {
  for (const key of ['name', 'message', 'code', 'stack', 'cause', 'errors']) {
    if (key in error) yield [key, read(error, key)]
  }
  for (const key of Object.keys(error)) {
    if (!['name', 'message', 'code', 'stack', 'cause', 'errors'].includes(key)) yield [key, read(error, key)]
  }
}

function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key]
  } catch {
    return '[unreadable]'
  }
}
