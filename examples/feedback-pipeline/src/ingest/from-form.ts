/** What somebody typed into the form → feedback. */
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { bodySchema, cut, externalIdSchema, linkSchema, type NewFeedback, titleSchema } from './feedback.ts'

/** As JSON or as a form; an empty field of a form counts as absent. */
export const formSchema = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).filter(([, field]) => field !== '')) : value,
  z.strictObject({
    title: titleSchema,
    body: bodySchema.default(''),
    author: cut(64).optional(),
    url: linkSchema.optional(),
    externalId: externalIdSchema.optional(),
  }),
)

/** Without an id of its own, the same text by the same person is the same item: a second click sends nothing new. */
export function fromForm({ title, body, author, url, externalId }: z.output<typeof formSchema>, now: number): NewFeedback {
  const digest = (): string =>
    createHash('sha256')
      .update(JSON.stringify([title, body, author]))
      .digest('hex')
      .slice(0, 32)
  return {
    source: 'manual',
    externalId: externalId ?? digest(),
    title,
    body,
    author: author ?? null,
    url: url ?? null,
    createdAt: now,
  }
}
