/** Puts endpoints on a router: permission first, then the parts of the request, then the work. */
import type { Logger } from '@quarterjack/core'
import type { Context, Hono } from 'hono'
import type { Answer, AnyEndpoint, Call, Endpoint } from '../endpoint/endpoint.ts'
import { parsePart, queryOf } from '../endpoint/parse.ts'
import { Problem } from '../problem/problem.ts'
import { type BodyLimits, parseJson, readText } from '../security/read-body.ts'
import type { Gate } from './gate.ts'

/** What goes along with one request. */
export interface Exchange {
  readonly log: Logger
  readonly requestId: string
  note(fields: Readonly<Record<string, unknown>>): void
}

/** What the router carries. */
export type Bindings = { Bindings: Exchange; Variables: { answer: Answer } }

export interface MountDeps {
  readonly gate: Gate
  readonly limits: BodyLimits
  readonly respond: (answer: Answer) => Response
}

/** Routes in the order of the endpoints; what is there with another method is answered 405. */
export function mountEndpoints(app: Hono<Bindings>, endpoints: readonly AnyEndpoint[], deps: MountDeps): void {
  for (const [path, group] of Map.groupBy(endpoints, (endpoint) => endpoint.path)) {
    for (const endpoint of group) {
      app.on(endpoint.method, path, async (context) => deps.respond(await serve(endpoint as unknown as Endpoint, context, deps)))
    }
    const allow = [...new Set(group.map(({ method }) => method))].join(', ')
    app.all(path, () => {
      throw new Problem('MethodNotAllowed', `Use ${allow}.`, { headers: { allow } })
    })
  }
}

async function serve(endpoint: Endpoint, context: Context<Bindings>, { gate, limits }: MountDeps): Promise<Answer> {
  const { raw: request } = context.req
  const { log, note, requestId } = context.env
  note({ operation: endpoint.id })
  const params = context.req.param() as Readonly<Record<string, string>>
  // A rollup is the job of its name.
  const job = params.job ?? params.rollup ?? null
  const knock = (permission: 'read' | 'write'): Parameters<Gate['require']>[0] => ({
    request,
    log,
    wanted: { permission, operation: endpoint.id, job },
  })
  await admit(endpoint, request, { gate, log, knock })
  if (job !== null) note({ job: job.slice(0, 128) })
  const call: Call = {
    params: endpoint.params === undefined ? params : parsePart(endpoint.params, params, { name: 'path', problem: 'InvalidRequest' }),
    query:
      endpoint.query === undefined
        ? undefined
        : parsePart(endpoint.query, queryOf(request.url), { name: 'query', problem: 'InvalidRequest' }),
    body: endpoint.body === undefined ? undefined : await bodyOf(endpoint, request, limits),
    request,
    requestId,
    mayRead: () => gate.mayRead(knock('read')),
    note,
  }
  return endpoint.handle(call)
}

async function admit(
  endpoint: Endpoint,
  request: Request,
  {
    gate,
    log,
    knock,
  }: { readonly gate: Gate; readonly log: Logger; readonly knock: (permission: 'read' | 'write') => Parameters<Gate['require']>[0] },
): Promise<void> {
  switch (endpoint.access) {
    case 'public':
      return
    case 'read':
      return gate.require(knock('read'))
    case 'write':
      await gate.require(knock('write'))
      return refuseSimple(endpoint, request)
    case 'worker':
      // A router that answers HEAD as GET would make it run a job.
      if (request.method === 'HEAD') throw new Problem('MethodNotAllowed', 'Use GET, POST.', { headers: { allow: 'GET, POST' } })
      return gate.requireSecret(request, log)
  }
}

/** What a page of another site can send without being asked changes nothing, whatever credentials the browser adds. */
function refuseSimple({ method }: Endpoint, { headers }: Request): void {
  if (headers.get('sec-fetch-site') === 'cross-site') throw new Problem('Forbidden', 'A page of another site may not do this.')
  if (method === 'DELETE') return
  if (!isJson(headers.get('content-type'))) {
    throw new Problem('UnsupportedMediaType', 'Send Content-Type: application/json, also without a body.', {
      headers: { accept: 'application/json' },
    })
  }
}

function isJson(contentType: string | null): boolean {
  return contentType !== null && /^application\/json\s*(?:;\s*charset=(?:utf-8|"utf-8")\s*)?$/i.test(contentType.trim())
}

async function bodyOf(endpoint: Endpoint, request: Request, limits: BodyLimits): Promise<unknown> {
  const value = parseJson(await readText(request, limits))
  // An endpoint that the secret guards takes what it gets; of the others a missing body is an empty one.
  const given = value === undefined && endpoint.access !== 'worker' ? {} : value
  return parsePart(endpoint.body as NonNullable<Endpoint['body']>, given, { name: 'body', problem: 'InvalidValue' })
}
