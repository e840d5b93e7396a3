/** `fromCrontab`: the curl and wget lines of a crontab as jobs. */
import { cron, defineJob, type Duration, type Instant, type JobOptions, type RunContext } from '@quarterjack/core'
import { checkedOptions, QuarterjackError } from '@quarterjack/core/store'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as z from 'zod/mini'
import { durationOption } from '../duration.ts'
import { ANYTHING } from '../jobs/anything.ts'
import type { HttpJob } from '../jobs/http-jobs.ts'
import { httpTarget } from '../target/http-target.ts'
import type { CommandRequest } from './command.ts'
import { jobNameOf } from './job-name.ts'
import { readCommand } from './read-command.ts'
import { readLine } from './read-line.ts'
import { expand, shownTemplate, type Variables, variablesOf } from './template.ts'

/** What a crontab cannot say of a job. */
export interface CrontabJobOptions extends Omit<JobOptions<StandardSchemaV1<unknown>, unknown>, 'name' | 'schedule' | 'payload' | 'run'> {
  /** Of its schedule: no slot lies before. */
  readonly start?: Instant | undefined
  /** Of its schedule: no slot lies after. */
  readonly end?: Instant | undefined
  /** Of its schedule. */
  readonly jitter?: Duration | undefined
}

/** Options of {@link fromCrontab}. */
export interface CrontabOptions {
  /** The zone that the crontab was written for, unless it sets `CRON_TZ`. Default `UTC`. */
  readonly timeZone?: string | undefined
  /** Of lines that set none; most do not. Default 30 s. */
  readonly timeout?: Duration | undefined
  /** Where variables are read, at each call, that the crontab does not set. Default `process.env`. */
  readonly env?: Variables | undefined
  /** Prepended to the names of the jobs. */
  readonly prefix?: string | undefined
  /** Further options: of all jobs, or of each by its name. They count before what its line says. */
  readonly job?: CrontabJobOptions | ((name: string) => CrontabJobOptions) | undefined
}

/** What became of one line. No value of a header, a body or a query stands in it. */
export type CrontabLine =
  | { readonly line: number; readonly kind: 'nothing' }
  | { readonly line: number; readonly kind: 'variable'; readonly name: string; readonly notes: readonly string[] }
  | {
      readonly line: number
      readonly kind: 'job'
      readonly job: string
      readonly expression: string
      readonly timeZone: string
      readonly method: string
      /** With variables as they were written, and without its query. */
      readonly url: string
      /** Variables that it reads when it runs. */
      readonly variables: readonly string[]
      /** What is done another way than cron did. */
      readonly notes: readonly string[]
    }
  | { readonly line: number; readonly kind: 'problem'; readonly problem: string }

/** A crontab as jobs, and what was understood of it, line by line. */
export interface Crontab {
  readonly jobs: readonly HttpJob[]
  readonly lines: readonly CrontabLine[]
}

/** Where variables are, secrets may be. */
const SECRET: ReadonlySet<string> = new Set(['env'])

const optionsSchema = z.strictObject({
  timeZone: z.optional(z.string()),
  timeout: z.optional(durationOption(1)),
  env: z.optional(z.record(z.string(), z.optional(z.string()))),
  prefix: z.optional(z.string()),
  job: z.optional(
    z.union(
      [z.record(z.string(), z.unknown()), z.custom<() => unknown>((value) => typeof value === 'function')],
      'use an object of options, or a function of the name',
    ),
  ),
})

/**
 * Reads a crontab of curl and wget lines. What cannot be carried over is no error, but a line of the report that says why:
 * look at it before you turn the crontab off. Variables get their values when a job runs, so that secrets stay out of the
 * definition. Throws for wrong options only: `InvalidOption`, `InvalidInstant`, `InvalidDuration`.
 *
 * @example
 * const { jobs, lines } = fromCrontab('0 0 * * * wget -qO- --header="Authorization: Bearer $CRON_SECRET" $API_URL/workers/reset-credits')
 * for (const found of lines) if (found.kind === 'problem') console.warn(`line ${found.line}: ${found.problem}`)
 */
export function fromCrontab(text: string, options: CrontabOptions = {}): Crontab {
  checkedOptions(optionsSchema, options, { what: 'fromCrontab', secret: SECRET })
  if (typeof text !== 'string') throw new QuarterjackError('InvalidOption', 'fromCrontab: the crontab must be a text.')
  const reader = createReader(options)
  const lines = text.split(/\r\n|\n|\r/).map((line, index) => reader.read(line, index + 1))
  return { jobs: reader.jobs, lines }
}

function createReader(options: CrontabOptions): { readonly jobs: HttpJob[]; read(text: string, line: number): CrontabLine } {
  const jobs: HttpJob[] = []
  const set: Record<string, string> = {}
  const locks = new Map<string, number>()
  let timeZone = options.timeZone ?? 'UTC'

  const entry = (line: number, expression: string, command: string): CrontabLine => {
    const reading = readCommand(command)
    if (reading.problem !== undefined) return { line, kind: 'problem', problem: reading.problem }
    const { request, assigned } = reading
    const name = freeName(jobs, (options.prefix ?? '') + jobNameOf(request.url))
    const wanted = jobOptionsOf(options, name)
    const own: Variables = { ...set, ...assigned }
    const resolve = (template: string): string => expand(template, own, environment(options))
    try {
      jobs.push(toJob({ name, expression, timeZone, request, resolve, timeout: options.timeout, wanted }))
    } catch (error) {
      if (!QuarterjackError.isInstance(error)) throw error
      return { line, kind: 'problem', problem: error.message }
    }
    const variables = variablesIn(request, own)
    return {
      line,
      kind: 'job',
      job: name,
      expression,
      timeZone,
      method: methodOf(request),
      url: shownTemplate(request.url).replace(/[?#].*$/s, ''),
      variables,
      notes: [...request.notes, ...notesOn(request, options, variables), ...shareLock(locks, request.lock, line)],
    }
  }

  return {
    jobs,
    read(text, line) {
      const parts = readLine(text)
      if (parts.kind === 'nothing') return { line, kind: 'nothing' }
      if (parts.kind === 'problem') return { line, kind: 'problem', problem: parts.problem }
      if (parts.kind === 'entry') return entry(line, parts.expression, parts.command)
      set[parts.name] = parts.value
      if (parts.name === 'CRON_TZ') timeZone = parts.value
      const notes = parts.name === 'TZ' ? [`TZ is not the zone of schedules; they are in ${timeZone}. Set timeZone, or CRON_TZ.`] : []
      return { line, kind: 'variable', name: parts.name, notes }
    },
  }
}

/** Throws for what is wrong in them, whatever the line. */
function jobOptionsOf({ job = {} }: CrontabOptions, name: string): CrontabJobOptions {
  const wanted = typeof job === 'function' ? job(name) : job
  const { start, end, jitter, ...rest } = wanted
  cron('0 0 * * *', { ...given({ start, end, jitter }) })
  defineJob({ ...rest, name, payload: ANYTHING, run: () => undefined })
  return wanted
}

function given<T extends object>(options: T): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

/** A lock of its own is what a job has anyway; one that lines share is a mutex. */
function shareLock(locks: Map<string, number>, lock: string | null, line: number): readonly string[] {
  if (lock === null) return []
  const first = locks.get(lock)
  if (first !== undefined) return [`It shares its lock with line ${first}, and here with none. Give both jobs one mutex.`]
  locks.set(lock, line)
  return []
}

function environment({ env = process.env }: CrontabOptions): Variables {
  return env
}

function freeName(jobs: readonly HttpJob[], wanted: string): string {
  const taken = new Set(jobs.map((job) => job.name))
  let name = wanted
  for (let count = 2; taken.has(name); count += 1) name = `${wanted}-${count}`
  return name
}

interface JobParts {
  readonly name: string
  readonly expression: string
  readonly timeZone: string
  readonly request: CommandRequest
  readonly resolve: (template: string) => string
  readonly timeout: Duration | undefined
  readonly wanted: CrontabJobOptions
}

function toJob({ name, expression, timeZone, request, resolve, timeout, wanted }: JobParts): HttpJob {
  const { start, end, jitter, ...rest } = wanted
  const { headers, data, username, password, retries } = request
  const body = data.join('&')
  const method = methodOf(request)
  const type = request.isJson ? 'application/json' : 'application/x-www-form-urlencoded'
  const hasBody = data.length > 0 && !request.isDataQuery
  return defineJob({
    name,
    schedule: cron(expression, { timeZone, ...given({ start, end, jitter }) }),
    payload: ANYTHING,
    ...(retries === null ? {} : { retry: { retries } }),
    ...(request.overlap === 'queue' ? { overlap: 'queue' } : {}),
    ...rest,
    run: httpTarget({
      url: () => withQuery(resolve(request.url), request.isDataQuery ? resolve(body) : ''),
      method,
      headers: {
        ...(hasBody ? { 'content-type': ({ payload }: RunContext) => (payload === undefined ? type : 'application/json') } : {}),
        ...Object.fromEntries([...headers].map(([header, value]) => [header, () => resolve(value)])),
      },
      ...(username === null ? {} : { auth: { basic: { username: () => resolve(username), password: () => resolve(password ?? '') } } }),
      ...(method === 'GET' || method === 'HEAD' ? {} : { body: ({ payload }: RunContext) => payload ?? (hasBody ? resolve(body) : null) }),
      timeout: request.timeoutMs ?? timeout,
      redirect: request.followsRedirects ? 'follow' : 'refuse',
    }),
  })
}

function withQuery(url: string, query: string): string {
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`
}

function methodOf({ method, data, isDataQuery }: CommandRequest): string {
  return method ?? (data.length > 0 && !isDataQuery ? 'POST' : 'GET')
}

function variablesIn(request: CommandRequest, own: Variables): readonly string[] {
  const templates = [request.url, ...request.headers.values(), ...request.data, request.username ?? '', request.password ?? '']
  return [...new Set(templates.flatMap(variablesOf))].filter((name) => own[name] === undefined)
}

function notesOn(request: CommandRequest, options: CrontabOptions, variables: readonly string[]): readonly string[] {
  const unset = variables.filter((name) => environment(options)[name] === undefined)
  return [
    ...(request.timeoutMs === null && options.timeout === undefined ? ['It had no time limit; here it has 30 s. Set timeout.'] : []),
    ...unset.map((name) => `$${name} is not set here, and must be where the job runs.`),
  ]
}
