/** What a reader of Reddit would see: the shipped posts, some there from the beginning, others coming one after another. */
import * as z from 'zod'

/** A line of the file. `secondsLater` is counted from the start of the server. */
export const shippedPostSchema = z.object({
  kind: z.literal('t3'),
  secondsLater: z.number().min(0),
  data: z.looseObject({ name: z.string(), subreddit: z.string() }),
})

export type ShippedPost = z.output<typeof shippedPostSchema>

/** As `GET /r/<subreddit>/new.json` answers. */
export interface Listing {
  readonly kind: 'Listing'
  readonly data: {
    readonly after: string | null
    readonly children: readonly { readonly kind: 't3'; readonly data: Readonly<Record<string, unknown>> }[]
  }
}

export interface ListingRequest {
  readonly subreddit: string
  readonly limit: number
  /** Name of a post: only older ones. */
  readonly after: string | null
  readonly startedAt: number
  readonly now: number
}

/** The newest first. */
export function listPosts(posts: readonly ShippedPost[], { subreddit, limit, after, startedAt, now }: ListingRequest): Listing {
  const visible = posts
    .filter((post) => post.data.subreddit === subreddit && startedAt + post.secondsLater * 1_000 <= now)
    .map(({ kind, secondsLater, data }) => ({ kind, data: { ...data, created_utc: Math.floor(startedAt / 1_000) + secondsLater } }))
    .reverse()
  const from = after === null ? 0 : visible.findIndex(({ data }) => data.name === after) + 1
  const children = visible.slice(from, from + limit)
  const last = children.at(-1)
  return { kind: 'Listing', data: { after: from + limit < visible.length && last !== undefined ? last.data.name : null, children } }
}
