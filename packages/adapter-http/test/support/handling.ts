/** Schedulers behind handlers, with tokens of both kinds. */
import { createScheduler, defineJob, type Job, memoryStore, type Scheduler, type SchedulerOptions } from '@quarterjack/core'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import { authorizeTokens, createHandler, type HandlerOptions } from '../../src/index.ts'

export const READ = 'read-token-4711'
export const WRITE = 'write-token-0815'
export const CRON = 'dev-admin-secret'
/** Stands at a sensitive path. */
export const CANARY = 'canary-hunter2-9f3a'

export interface Asked {
  readonly method?: string
  readonly token?: string
  readonly headers?: Record<string, string>
  /** Sent as JSON, unless it is a text. */
  readonly body?: unknown
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Record<string, unknown>
}

export interface Handling {
  readonly scheduler: Scheduler
  readonly handler: (request: Request) => Promise<Response>
  ask(path: string, asked?: Asked): Promise<Answered>
  /** A POST of JSON with the token that may write. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
  read(path: string): Promise<Answered>
}

/** Jobs of every kind that the tests need. */
export function sampleJobs(): readonly Job<never, unknown>[] {
  return [
    defineJob({ name: 'plain', run: () => ({ done: true }) }),
    defineJob({
      name: 'with-payload',
      payload: z.object({ days: z.number().int(), token: z.string().optional() }),
      sensitive: ['token'],
      run: ({ payload }) => ({ days: payload.days }),
    }),
    defineJob({
      name: 'fails',
      run: () => {
        throw new Error('it does not work')
      },
    }),
    defineJob({ name: 'idle', run: ({ skip }) => skip('nothing to do') }),
  ]
}

export async function handling(
  options: HandlerOptions = {},
  given: Partial<SchedulerOptions> & { readonly start?: boolean } = {},
): Promise<Handling> {
  const { start = true, ...rest } = given
  const scheduler = createScheduler({ store: memoryStore(), logger: false, jobs: sampleJobs(), ...rest })
  onTestFinished(async () => void (await scheduler.stop({ grace: 0 })))
  if (start) await scheduler.start()
  const handler = createHandler(scheduler, { logger: false, ...options })
  return { scheduler, handler, ...asking(handler) }
}

/** With tokens and the cron secret. */
export function opened(options: HandlerOptions = {}, given: Parameters<typeof handling>[1] = {}): Promise<Handling> {
  return handling({ authorize: authorizeTokens({ read: READ, write: WRITE }), workers: { secrets: CRON }, ...options }, given)
}

export function asking(handler: Handling['handler']): Omit<Handling, 'scheduler' | 'handler'> {
  const ask: Handling['ask'] = async (path, { method = 'GET', token, headers = {}, body } = {}) => {
    const init: RequestInit = { method, headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers } }
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body)
    return answered(await handler(new Request(`http://localhost${path}`, init)))
  }
  return {
    ask,
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        token: WRITE,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body }),
      }),
    read: (path) => ask(path, { token: READ }),
  }
}

async function answered(response: Response): Promise<Answered> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: (isJson && text !== '' ? JSON.parse(text) : {}) as Answered['json'],
  }
}
