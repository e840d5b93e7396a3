/** Reddit's posts → feedback. */
import * as z from 'zod'
import { bodySchema, cut, externalIdSchema, type NewFeedback, titleSchema } from './feedback.ts'

/** A post as Reddit lists it; what else it has does not matter. */
export const postSchema = z.object({
  kind: z.literal('t3'),
  data: z.object({
    name: externalIdSchema,
    title: titleSchema,
    selftext: bodySchema.default(''),
    author: cut(64).nullish(),
    permalink: z
      .string()
      .regex(/^\/[\x21-\x7e]{0,500}$/)
      .optional(),
    created_utc: z.number().min(0).max(1e11),
  }),
})

/** Posts of a batch that cannot be understood do not hold up the others. */
export const batchSchema = z.strictObject({ posts: z.array(z.unknown()).min(1).max(100) })

export function fromReddit({ data }: z.output<typeof postSchema>): NewFeedback {
  return {
    source: 'reddit',
    externalId: data.name,
    title: data.title,
    body: data.selftext,
    author: data.author ?? null,
    url: data.permalink === undefined ? null : `https://www.reddit.com${data.permalink}`,
    createdAt: data.created_utc * 1_000,
  }
}
