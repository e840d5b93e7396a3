/** What functions of the windows part send as arrays → records of the contract. */
import type { ClaimedWindow, MarkedSource, MarkRecord, WindowClaimReply, WindowCommitReply } from '@quarterjack/core/store'

type MarkRow = readonly [id: number, from: number, to: number, kind: MarkRecord['kind'], markedAt: number]

/** A source with its marks as rows. */
export type MarkedSourceRow = Omit<MarkedSource, 'marks'> & { readonly marks: readonly MarkRow[] }

export function toMarkedSource({ marks, ...source }: MarkedSourceRow): MarkedSource {
  return { ...source, marks: marks.map(([id, from, to, kind, markedAt]) => ({ id, from, to, kind, markedAt })) }
}

/** Windows as rows; null for none. */
export type ClaimAnswer = readonly [
  status: WindowClaimReply['status'],
  windows: readonly (readonly [start: number, end: number, seq: number, removed: boolean])[] | null,
]

export function toWindowClaimReply([status, windows]: ClaimAnswer): WindowClaimReply {
  return { status, windows: (windows ?? []).map(([start, end, seq, removed]): ClaimedWindow => ({ start, end, seq, removed })) }
}

export type CommitAnswer = readonly [status: WindowCommitReply['status'], watermark: number | null]

export function toWindowCommitReply([status, watermark]: CommitAnswer): WindowCommitReply {
  return { status, watermark }
}
