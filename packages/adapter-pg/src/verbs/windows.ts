/** The windows part of the store. */
import type { WindowStore } from '@quarterjack/core/store'
import { type DrainAnswer, readDrainReply, toDrainLetter } from '../rows/drain-letter.ts'
import {
  type ClaimAnswer,
  type CommitAnswer,
  type MarkedSourceRow,
  toMarkedSource,
  toWindowClaimReply,
  toWindowCommitReply,
} from '../rows/window-replies.ts'
import { createBackfillVerbs } from './backfills.ts'
import type { Call } from './call.ts'

type PlainVerb = Exclude<keyof WindowStore, 'backfills' | 'commitWith' | 'readWith' | 'writeWith'>

/** What a verb of the contract answers. */
type Reply<Verb extends PlainVerb> = Awaited<ReturnType<WindowStore[Verb]>> & object

/** Its reply, with some fields in another form. */
type Sent<Verb extends PlainVerb, Fields> = Omit<Reply<Verb>, keyof Fields> & Fields

/** What windows need beside calls. */
export interface WindowDeps {
  /** Carries out `mark({ tx })`. */
  readonly markWithin: WindowStore['mark']
  readonly commitWith: NonNullable<WindowStore['commitWith']>
  readonly readWith: NonNullable<WindowStore['readWith']>
  readonly writeWith: NonNullable<WindowStore['writeWith']>
}

/** How a refresh ended goes first, as how a run ended does. */
const URGENT = { isUrgent: true }

export function createWindowVerbs(call: Call, { markWithin, commitWith, readWith, writeWith }: WindowDeps): WindowStore {
  return {
    define: (request) => call<Reply<'define'>>('windows_define', request),
    forget: (request) => call<Reply<'forget'>>('windows_forget', request),
    mark: (request) => (request.tx === undefined ? call<Reply<'mark'>>('windows_mark', request) : markWithin(request)),
    async collect(request) {
      const reply = await call<Sent<'collect', { sources: readonly MarkedSourceRow[] }>>('windows_collect', request)
      return { ...reply, sources: reply.sources.map(toMarkedSource) }
    },
    async drain({ drains, now }) {
      const letter = { now, ...toDrainLetter(drains) }
      const reply = await call<Sent<'drain', { replies: readonly DrainAnswer[] | null }>>('windows_drain', letter)
      return { ...reply, replies: (reply.replies ?? []).map(readDrainReply) }
    },
    async claim(request) {
      const reply = await call<Sent<'claim', { replies: readonly ClaimAnswer[] }>>('windows_claim', request)
      return { ...reply, replies: reply.replies.map(toWindowClaimReply) }
    },
    async commit(request) {
      const reply = await call<Sent<'commit', { replies: readonly CommitAnswer[] | null }>>('windows_commit', request, URGENT)
      return { ...reply, replies: (reply.replies ?? []).map(toWindowCommitReply) }
    },
    commitWith,
    readWith,
    writeWith,
    fail: (request) => call<Reply<'fail'>>('windows_fail', request, URGENT),
    pass: (request) => call<Reply<'pass'>>('windows_pass', request),
    async state(request) {
      const reply = await call<Sent<'state', { states: Reply<'state'>['states'] | null }>>('windows_state', request)
      return { ...reply, states: reply.states ?? [] }
    },
    list: (request) => call<Reply<'list'>>('windows_list', request),
    backfills: createBackfillVerbs(call),
  }
}
