/** The OpenAPI 3.1 document, from the very schemas that requests are parsed with. */
import * as z from 'zod/mini'
import type { Access, AnyEndpoint, DescribedAnswer, Endpoint } from '../endpoint/endpoint.ts'
import { problem } from '../endpoint/schemas.ts'

type Json = Readonly<Record<string, unknown>>

/** What the document is of. */
export interface DocumentFacts {
  readonly basePath: string
  readonly title: string
}

export function openApiDocument(endpoints: readonly AnyEndpoint[], { basePath, title }: DocumentFacts): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const any of endpoints) {
    const endpoint = any as unknown as Endpoint
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}')
    const item = paths[path] ?? {}
    item[endpoint.method.toLowerCase()] = operationOf(endpoint)
    paths[path] = item
  }
  return {
    openapi: '3.1.0',
    info: { title, version: '1' },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problem, 'output') },
      securitySchemes: {
        read: { type: 'http', scheme: 'bearer', description: 'What `authorize` permits to read; a bearer token with `authorizeTokens`.' },
        write: { type: 'http', scheme: 'bearer', description: 'What `authorize` permits to write; a bearer token with `authorizeTokens`.' },
        worker: { type: 'http', scheme: 'bearer', description: 'One of `workers.secrets`.' },
      },
    },
  }
}

const PROBLEM: Json = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }

function operationOf(endpoint: Endpoint): Json {
  return {
    operationId: endpoint.id,
    summary: endpoint.summary,
    security: securityOf(endpoint.access),
    parameters: [...parametersOf(endpoint.params, 'path'), ...parametersOf(endpoint.query, 'query')],
    ...(endpoint.body === undefined
      ? {}
      : {
          requestBody: {
            required: endpoint.access !== 'worker',
            content: { 'application/json': { schema: jsonSchema(endpoint.body, 'input') } },
          },
        }),
    responses: {
      ...Object.fromEntries(Object.entries(endpoint.answers).map(([status, answer]) => [status, answerOf(Number(status), answer)])),
      default: { description: 'A problem (RFC 9457)', content: PROBLEM },
    },
  }
}

function securityOf(access: Access): readonly Json[] {
  return access === 'public' ? [] : [{ [access]: [] }]
}

function answerOf(status: number, { description, schema, contentType }: DescribedAnswer): Json {
  if (status >= 400 && status !== 503) return { description, content: PROBLEM }
  if (schema === undefined) return { description, ...(contentType === undefined ? {} : { content: { [contentType]: {} } }) }
  return { description, content: { [contentType ?? 'application/json']: { schema: jsonSchema(schema, 'output') } } }
}

function parametersOf(schema: z.ZodMiniType | undefined, place: 'path' | 'query'): readonly Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: of,
  }))
}

function jsonSchema(schema: z.ZodMiniType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ jsonSchema: one }) {
      // Answers may gain members; requests may not have ones that mean nothing.
      if (io === 'output') delete one.additionalProperties
    },
  })
  return rest
}
