/** Random requests from an OpenAPI document: mostly right, often not quite, sometimes mad. */
import * as fc from 'fast-check'

type Schema = Readonly<Record<string, unknown>>
/** By the name of a parameter or a member: what exists, or fits. */
export type Known = Readonly<Record<string, readonly string[]>>

interface Operation {
  readonly operationId: string
  readonly security: readonly Readonly<Record<string, unknown>>[]
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface GeneratedRequest {
  readonly operation: string
  readonly access: string
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: string
}

const KEYS = ['k', '#0', 'a/b', 'nope']
const MAD = [
  '',
  ' ',
  '..',
  '%',
  '\\',
  '__proto__',
  'constructor',
  "' OR 1=1 --",
  '<script>',
  '\u0000',
  'ü€😀',
  'x'.repeat(600),
  '-1',
  '1e309',
  'null',
]

/** With `known` some requests find what they ask for. */
export function arbitraryRequest(document: OpenApi, known: Known): fc.Arbitrary<GeneratedRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  return fc.constantFrom(...operations).chain((entry) => requestOf(entry, known))
}

interface Entry {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

function requestOf({ path, method, operation }: Entry, known: Known): fc.Arbitrary<GeneratedRequest> {
  const inPath = operation.parameters.filter((one) => one.in === 'path')
  const inQuery = operation.parameters.filter((one) => one.in === 'query')
  const schema = operation.requestBody?.content['application/json']?.schema
  return fc
    .record({
      segments: fc.tuple(
        ...inPath.map(({ name, schema: of }) =>
          mostly(
            fc.oneof(
              { weight: 6, arbitrary: fc.constantFrom(...(known[name] ?? KEYS)) },
              { weight: 1, arbitrary: fc.constantFrom(...KEYS) },
              { weight: 1, arbitrary: textFor(of) },
            ),
            fc.constantFrom(...MAD),
          ),
        ),
      ),
      query: fc.tuple(
        ...inQuery.map(({ name, schema: of }) =>
          seldom(
            mostly(
              namedValue({ name, of }, known, 0).map((value) => (Array.isArray(value) ? value.map(String) : String(value))),
              fc.constantFrom(...MAD),
            ),
          ),
        ),
      ),
      more: seldom(fc.tuple(fc.constantFrom('x', '__proto__', 'limit', '_method'), fc.constantFrom(...MAD))),
      body: schema === undefined ? fc.option(fc.constantFrom('{}', '[', 'x')) : fc.option(bodyOf(schema, known), { freq: 6 }),
      type: mostly(
        fc.constant('application/json'),
        fc.constantFrom('text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', ';'),
      ),
      method: mostly(fc.constant(method), fc.constantFrom('HEAD', 'OPTIONS', 'PATCH', 'DELETE', 'PUT', 'POST')),
      headers: mostly(
        fc.constant({}),
        fc.constantFrom<Record<string, string>>(
          { 'idempotency-key': 'once' },
          { 'idempotency-key': '' },
          { 'x-request-id': 'a b' },
          { 'x-http-method-override': 'POST' },
          { 'content-length': '99999999' },
          { 'sec-fetch-site': 'cross-site' },
          { cookie: 'a=b' },
        ),
      ),
    })
    .map(({ segments, query, more, body, type, method: sent, headers }) => {
      const filled = inPath.reduce(
        (text, { name }, index) => text.replace(`{${name}}`, encodeURIComponent(segments[index] as string)),
        path,
      )
      const search = new URLSearchParams()
      inQuery.forEach(({ name }, index) => {
        for (const value of [query[index] ?? []].flat()) search.append(name, value)
      })
      if (more !== null) search.append(...more)
      const text = search.toString()
      return {
        operation: operation.operationId,
        access: Object.keys(operation.security[0] ?? { public: [] })[0] ?? 'public',
        method: sent,
        path: `${filled}${text === '' ? '' : `?${text}`}`,
        headers: { ...(body === null && type !== 'application/json' ? {} : { 'content-type': type }), ...headers },
        ...(body === null ? {} : { body }),
      }
    })
}

/** Mostly nothing. */
function seldom<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value })
}

/** Nine times of ten the one. */
function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd })
}

function bodyOf(schema: Schema, known: Known): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: valueFor(schema, known, 0).map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: fc.json() },
    {
      weight: 1,
      arbitrary: fc.constantFrom('{', '{"__proto__":{}}', '[]', 'null', '{"payload":{"days":3}}', '\uFEFF{}', '{"a":1}{"b":2}'),
    },
  )
}

function namedValue({ name, of }: { readonly name: string; readonly of: Schema }, known: Known, depth: number): fc.Arbitrary<unknown> {
  const fitting = known[name]
  const value = valueFor(of, known, depth)
  return fitting === undefined ? value : fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...fitting) }, { weight: 1, arbitrary: value })
}

function valueFor(schema: Schema, known: Known, depth: number): fc.Arbitrary<unknown> {
  const choices = (schema.anyOf ?? schema.oneOf) as readonly Schema[] | undefined
  if (choices !== undefined) return fc.oneof(...choices.map((one) => valueFor(one, known, depth)))
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as readonly unknown[]))
  if ('const' in schema) return fc.constant(schema.const)
  switch (schema.type) {
    case 'object':
      return objectOf(schema, known, depth)
    case 'array':
      return fc.array(valueFor((schema.items ?? {}) as Schema, known, depth + 1), { maxLength: 3 })
    case 'string':
      return textFor(schema)
    case 'integer':
    case 'number':
      return mostly(
        fc.integer({ min: Number(schema.minimum ?? 0), max: Math.min(Number(schema.maximum ?? 100), 100) }),
        fc.constantFrom(-1, 0.5, 1e9, 2 ** 53),
      )
    case 'boolean':
      return fc.boolean()
    default:
      return depth > 2
        ? fc.constant(null)
        : mostly<unknown>(fc.constantFrom({ days: 3 }, { days: 3, token: 'x' }, undefined), fc.jsonValue({ maxDepth: 2 }))
  }
}

function objectOf(schema: Schema, known: Known, depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Schema>>)
  const required = new Set((schema.required ?? []) as readonly string[])
  const members = properties.map(([name, of]) =>
    required.has(name)
      ? mostly<unknown>(namedValue({ name, of }, known, depth + 1), fc.constantFrom<unknown>(null, 1, 'x', []))
      : seldom(namedValue({ name, of }, known, depth + 1)).map((value) => value ?? undefined),
  )
  return fc.tuple(...members).map((values) => Object.fromEntries(properties.map(([name], index) => [name, values[index]])))
}

/** Texts that fit often enough: the patterns here are short. */
function textFor(schema: Schema): fc.Arbitrary<string> {
  const samples = fc.constantFrom('1s', '5m', '2030-01-01T00:00:00Z', '0 0 * * *', 'Europe/Berlin', 'once', '3', ...KEYS)
  const pattern =
    typeof schema.pattern === 'string' && !schema.pattern.includes('\\P{')
      ? fc.stringMatching(new RegExp(schema.pattern), { size: 'small' })
      : fc.string({ unit: 'grapheme', maxLength: 20 })
  return fc.oneof(samples, pattern)
}
