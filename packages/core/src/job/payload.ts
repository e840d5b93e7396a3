/** Payloads at the edge: validated by the job's schema, turned into bounded JSON text, and back. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { QuarterjackError } from '../errors/quarterjack-error.ts'

/** Deeper nesting is refused: serialising it could exhaust the stack. */
const MAX_DEPTH = 500

/**
 * Parses a value with a Standard Schema. Throws `PayloadInvalid` that lists every issue with its path.
 * Give it what JSON kept, so that trigger and attempt judge the same value. A promise only where the schema gives one.
 */
export function parsePayload(schema: StandardSchemaV1 | null, value: unknown, what: string): unknown {
  if (schema === null) {
    if (value !== undefined)
      throw new QuarterjackError('PayloadInvalid', `${what}: it takes no payload. Give the job a payload schema, or leave the payload out.`)
    return undefined
  }
  const answer = schema['~standard'].validate(value)
  return answer instanceof Promise ? answer.then((result) => checked(result, what)) : checked(answer, what)
}

function checked(result: StandardSchemaV1.Result<unknown>, what: string): unknown {
  if (result.issues === undefined) return result.value
  const issues = result.issues.map((issue) => `${pathOf(issue)}: ${issue.message}`)
  throw new QuarterjackError(
    'PayloadInvalid',
    `${what}: the payload, as JSON keeps it (dates become text), does not fit the job's schema.\n  ${issues.join('\n  ')}`,
  )
}

/**
 * JSON text of a value, or null for undefined. Throws `PayloadNotSerializable` (cycles, BigInt,
 * functions, symbols, non-finite numbers, maps, errors and their like, endless nesting, at their path) or `PayloadTooLarge`.
 */
export function serialisePayload(value: unknown, maxBytes: number, what: string): string | null {
  if (value === undefined) return null
  const unkept = findUnkept(value)
  if (unkept !== null) {
    throw new QuarterjackError('PayloadNotSerializable', `${what}: payload${unkept}, which JSON cannot keep. Convert it before triggering.`)
  }
  const text = stringify(value, what)
  if (text === undefined) return null
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) {
    throw new QuarterjackError(
      'PayloadTooLarge',
      `${what}: the payload has ${bytes} bytes as JSON; the limit is ${maxBytes}. Store it elsewhere and pass a reference, or raise limits.payload.`,
    )
  }
  return text
}

/** What cannot be seen beforehand: a `toJSON` or getter that throws, or answers with what JSON cannot keep. */
function stringify(value: unknown, what: string): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new QuarterjackError(
      'PayloadNotSerializable',
      `${what}: the payload cannot be written as JSON: ${message}. Convert it before triggering.`,
      {
        cause: error,
      },
    )
  }
}

/** The value of kept JSON text; null text is undefined. */
export function deserialisePayload(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text)
}

/** The first thing in a value that JSON cannot keep, as `.path is a Map`; null when there is none. */
export function findUnkept(value: unknown, path = ''): string | null {
  const found = unkeptIn(value, [])
  if (found === null) return null
  const where = `${path}${found.path}`
  return `${where.length > 200 ? `${where.slice(0, 200)}…` : where} is ${found.problem}`
}

/** Paths are made only when there is something to tell: most payloads are fine, and some come by the thousand. */
function unkeptIn(value: unknown, above: object[]): { readonly path: string; readonly problem: string } | null {
  const problem = problemOf(value, above)
  if (problem !== null) return { path: '', problem }
  if (typeof value !== 'object' || value === null || hasToJson(value)) return null
  above.push(value)
  for (const key of Object.keys(value)) {
    const found = unkeptIn((value as Readonly<Record<string, unknown>>)[key], above)
    if (found !== null) return { path: `${Array.isArray(value) ? `[${key}]` : `.${key}`}${found.path}`, problem: found.problem }
  }
  above.pop()
  return null
}

function hasToJson(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

function problemOf(value: unknown, above: readonly object[]): string | null {
  switch (typeof value) {
    case 'bigint':
      return 'a BigInt'
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'number':
      return Number.isFinite(value) ? null : String(value)
    case 'object':
      if (value === null) return null
      if (above.includes(value)) return 'a cycle'
      if (above.length >= MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : null
      // Axios' errors and Node's buffers say themselves what they are as JSON.
      return hasToJson(value) ? null : unkeptKind(value)
    default:
      return null
  }
}

/** Objects that JSON makes `{}` of, or a list of their bytes. */
function unkeptKind(value: object): string | null {
  if (value instanceof Error) return 'an Error'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'binary data'
  return UNKEPT.some((kind) => value instanceof kind) ? `a ${value.constructor.name}` : null
}

const UNKEPT = [Map, Set, RegExp, Promise, WeakMap, WeakSet] as const

function pathOf(issue: StandardSchemaV1.Issue): string {
  if (issue.path === undefined || issue.path.length === 0) return 'payload'
  return `payload${issue.path.map((part) => `.${String(typeof part === 'object' ? part.key : part)}`).join('')}`
}
