/** What users told the companion's agents: one event for each suggestion that they judged. */
import { z } from 'zod'

/** How much of a suggestion each verdict lets stand: 1 all of it, 0 nothing. */
export const VERDICT_SCORES = {
  accepted: 1,
  edited: 0.6,
  dismissed: 0,
  confirmed: 1,
  corrected: 0,
  kept: 1,
  undone: 0,
} as const

const base = {
  id: z.string().regex(/^[\w-]{1,64}$/),
  /** When the user decided. */
  at: z.iso.datetime(),
  user: z.string().min(1).max(64),
  agent: z.string().min(1).max(64),
  action: z.string().min(1).max(64),
  thread: z.string().max(64).optional(),
  /** The agent's own confidence in its suggestion. */
  confidence: z.number().min(0).max(1).optional(),
}

export const feedbackEventSchema = z.discriminatedUnion('kind', [
  /** An agent proposed text or a field value. */
  z.strictObject({ ...base, kind: z.literal('tool'), verdict: z.enum(['accepted', 'edited', 'dismissed']) }),
  /** An agent labelled a thread. */
  z.strictObject({
    ...base,
    kind: z.literal('label'),
    verdict: z.enum(['confirmed', 'corrected']),
    correctedTo: z.string().max(64).optional(),
  }),
  /** An agent acted on a thread; the user let it be or undid it. */
  z.strictObject({ ...base, kind: z.literal('thread'), verdict: z.enum(['kept', 'undone']) }),
])

export type FeedbackEvent = z.infer<typeof feedbackEventSchema>

/** Events from JSON lines. Throws with the line's number at the first that is not one. */
export function parseEventLines(text: string): FeedbackEvent[] {
  const events: FeedbackEvent[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      events.push(feedbackEventSchema.parse(JSON.parse(line)))
    } catch (error) {
      const problem = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
      throw new Error(`Line ${index + 1} is not a feedback event: ${problem}`, { cause: error })
    }
  }
  return events
}
