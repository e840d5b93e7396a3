/** `poll-reddit`: reads new posts and hands them to the API, as any other client would. It keeps nothing: the API knows what is new. */
import { defineJob, every, type Job, RetryAfterError } from '@quarterjack/core'
import * as z from 'zod'

export interface PollDeps {
  readonly redditUrl: () => string
  readonly subreddit: string
  readonly apiUrl: () => string
  readonly ingestToken: string
  readonly everyMs: number
}

export interface Polled {
  readonly pages: number
  readonly posts: number
  readonly created: number
}

/** Reddit refuses those who do not say who they are. */
const AGENT = { 'user-agent': 'feedback-pipeline/1.0 (an example of Quarterjack)' }
const PAGE = 10
/** A backlog larger than that is taken up by the next polls. */
const MOST_PAGES = 10

const listingSchema = z.object({ data: z.object({ after: z.string().nullable(), children: z.array(z.unknown()) }) })
const answerSchema = z.object({ results: z.array(z.object({ outcome: z.enum(['created', 'duplicate']) })) })

/** The next poll is the better retry: a run that fails twice more is dead, and the schedule goes on. */
export function definePollJob(deps: PollDeps): Job<undefined, Polled> {
  return defineJob({
    name: 'poll-reddit',
    schedule: every(deps.everyMs),
    runOnStart: { window: '1s' },
    overlap: 'skip',
    timeout: '30s',
    retry: { retries: 2, minTimeout: '1s' },
    run: async ({ runId, signal, log }) => {
      const polled = { pages: 0, posts: 0, created: 0 }
      for (let after: string | null = null; polled.pages < MOST_PAGES; ) {
        const { data } = listingSchema.parse(await getJson(pageUrl(deps, after), { signal, headers: AGENT }))
        polled.pages += 1
        if (data.children.length === 0) break
        // The id of the run leads from here to the items of its pages.
        const created: number = await handIn(deps, data.children, { requestId: `poll.${runId}.${polled.pages}`, signal })
        polled.posts += data.children.length
        polled.created += created
        // Behind a page without anything new there is nothing new.
        if (created === 0 || data.after === null) break
        after = data.after
      }
      if (polled.created > 0) log.info({ ...polled }, 'new posts')
      return polled
    },
  })
}

function pageUrl({ redditUrl, subreddit }: PollDeps, after: string | null): string {
  return `${redditUrl()}/r/${subreddit}/new.json?limit=${PAGE}${after === null ? '' : `&after=${encodeURIComponent(after)}`}`
}

interface HandIn {
  readonly requestId: string
  readonly signal: AbortSignal
}

async function handIn({ apiUrl, ingestToken }: PollDeps, posts: readonly unknown[], { requestId, signal }: HandIn): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${ingestToken}`, 'x-request-id': requestId }
  const answer = await getJson(`${apiUrl()}/ingest/reddit`, { method: 'POST', headers, body: JSON.stringify({ posts }), signal })
  return answerSchema.parse(answer).results.filter(({ outcome }) => outcome === 'created').length
}

async function getJson(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, init)
  if (response.ok) return response.json()
  await response.body?.cancel()
  const problem = `${new URL(url).pathname} answered ${response.status}`
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  if (response.status === 429 && seconds > 0) throw new RetryAfterError(problem, seconds * 1_000)
  throw new Error(problem)
}
