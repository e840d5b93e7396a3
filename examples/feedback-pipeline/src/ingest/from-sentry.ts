/** Sentry's issue webhooks → feedback. */
import * as z from 'zod'
import { bodySchema, externalIdSchema, linkSchema, type NewFeedback, titleSchema } from './feedback.ts'

/** An event about an issue, as Sentry's integration platform sends it. */
export const issueEventSchema = z.object({
  action: z.enum(['created', 'unresolved', 'resolved', 'assigned', 'archived']),
  data: z.object({
    issue: z.object({
      id: externalIdSchema,
      title: titleSchema,
      culprit: bodySchema.default(''),
      level: z.string().max(16).default('error'),
      web_url: linkSchema.optional(),
      firstSeen: z.iso.datetime({ offset: true }).optional(),
      metadata: z.object({ value: bodySchema.optional() }).optional(),
    }),
  }),
})

/** Null for what is no news: an issue that somebody resolved, assigned or archived. */
export function fromSentry({ action, data }: z.output<typeof issueEventSchema>, now: number): NewFeedback | null {
  if (action !== 'created' && action !== 'unresolved') return null
  const { issue } = data
  const body = [issue.metadata?.value, issue.culprit === '' ? '' : `in ${issue.culprit}`].filter((text) => text).join(' ')
  return {
    source: 'sentry',
    externalId: issue.id,
    title: issue.title,
    body: body.slice(0, 8_000),
    author: null,
    url: issue.web_url ?? null,
    createdAt: issue.firstSeen === undefined ? now : Date.parse(issue.firstSeen),
  }
}
