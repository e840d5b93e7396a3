/** An item of feedback, whatever its source: the one shape that is stored, clustered, exported. */
import * as z from 'zod'

export const SOURCES = ['reddit', 'sentry', 'manual'] as const
export type Source = (typeof SOURCES)[number]

/** What a source hands in. */
export interface NewFeedback {
  readonly source: Source
  /** The source's own id: an item comes in once, however often it is sent. */
  readonly externalId: string
  readonly title: string
  readonly body: string
  readonly author: string | null
  readonly url: string | null
  /** Epoch ms, at the source. */
  readonly createdAt: number
}

/** What became of an item. */
export interface Ingested {
  readonly externalId: string
  readonly id: string
  readonly outcome: 'created' | 'duplicate'
}

/** What is longer is cut: the beginning says what it is about. What no database takes is left out. */
export const cut = (most: number) => z.string().transform((text) => text.replaceAll('\0', '').trim().slice(0, most).toWellFormed())

export const titleSchema = cut(300).refine((text) => text !== '', 'must not be empty')
export const bodySchema = cut(8_000)
/** No more than what an index can hold, and no whitespace. */
export const externalIdSchema = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 ASCII characters without spaces')
/** Only what a dashboard may show as a link. */
export const linkSchema = z.url({ protocol: /^https?$/ }).max(2_000)
