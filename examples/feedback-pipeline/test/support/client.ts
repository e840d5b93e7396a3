/** The service in this process, reached over HTTP as its callers do. */
import { consoleLogger } from '@quarterjack/core'
import { DEV_TOKEN, readConfig } from '../../src/config.ts'
import { createPipeline, type Pipeline, type PipelineOptions } from '../../src/pipeline.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Empty where the answer is no JSON. */
  readonly body: AnswerBody
}

/** What the answers of the service have, one or the other. On trust: tests look at what is really there. */
export interface AnswerBody {
  readonly id: string
  readonly status: string
  readonly title: string
  readonly error: string
  readonly prUrl: string | null
  readonly clusters: readonly AnswerBody[]
  readonly size: number
  readonly feedback: readonly { readonly id: string; readonly source: string }[]
  readonly jobs: readonly AnswerBody[]
  readonly job: AnswerBody
  readonly results: readonly { readonly id: string; readonly outcome: string }[]
  readonly refused: readonly unknown[]
  readonly entries: readonly { readonly actor: string; readonly action: string }[]
  readonly rows: Readonly<Record<string, number>>
}

export interface Client {
  readonly pipeline: Pipeline
  readonly url: string
  /** The log, a record per line. */
  readonly lines: Readonly<Record<string, unknown>>[]
  call(method: string, path: string, request?: CallRequest): Promise<Answer>
}

export interface CallRequest {
  readonly body?: unknown
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export async function startClient(env: Readonly<Record<string, string>>, options: PipelineOptions): Promise<Client> {
  const lines: Record<string, unknown>[] = []
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>)
  const pipeline = await createPipeline(readConfig(env), { ...options, logger: consoleLogger({ format: 'json', level: 'info', write }) })
  const url = await pipeline.start()
  return {
    pipeline,
    url,
    lines,
    async call(method, path, { body, token = DEV_TOKEN, headers = {} } = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true && !text.includes('}\n{')
      return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : {}) as AnswerBody }
    },
  }
}
