/** Sends hints to other processes: one statement at a time, and at most one in a while. */
import { keyOfHint, type StoreHint } from '@quarterjack/core/store'
import { after, type Cancel, monotonic } from '../client/timers.ts'
import { hintMessages } from './message.ts'

export interface Post {
  send(hints: readonly StoreHint[]): void
  /**
   * Lets another statement notify in the place of one from here, if none is under way and the gap is over; else null. To be
   * called when that statement was answered. What is sent meanwhile does not wait for it.
   */
  takeTurn(): (() => void) | null
  /** Drops what was not sent. */
  clear(): void
}

export interface PostOptions {
  readonly from: string
  /** Sends notifications. Failures are its caller's to forget: a hint may be lost. */
  readonly notify: (messages: readonly string[]) => Promise<unknown>
  /** Least time between the beginnings of two statements. */
  readonly gapMs: () => number
}

/**
 * Statements that notify and write commit one after the other, in all of the cluster, each waiting for the disk. So they take
 * up at most one part in so many of the time of a process: where they get slow, hints go out by themselves again.
 */
const TURN_SHARE = 3

export function createPost({ from, notify, gapMs }: PostOptions): Post {
  let gathered = new Map<string, StoreHint>()
  let sentAt = Number.NEGATIVE_INFINITY
  /** Another statement may take the next turn then. */
  let turnAt = Number.NEGATIVE_INFINITY
  /** Another statement has the present one. */
  let isTaken = false
  let isSending = false
  let cancel: Cancel | null = null

  const send = async (): Promise<void> => {
    cancel = null
    const hints = [...gathered.values()]
    gathered = new Map()
    isSending = true
    sentAt = monotonic()
    await notify(hintMessages(from, hints)).catch(() => undefined)
    isSending = false
    arm()
  }

  /** The first one goes out at once; what comes while the line is busy goes out together. */
  const arm = (): void => {
    if (isSending || cancel !== null || gathered.size === 0) return
    const wait = sentAt + gapMs() - monotonic()
    if (wait <= 0) void send()
    else cancel = after(wait, () => void send())
  }

  return {
    send(hints) {
      for (const hint of hints) gathered.set(keyOfHint(hint), hint)
      arm()
    },
    takeTurn() {
      const now = monotonic()
      if (isTaken || isSending || cancel !== null || gathered.size > 0 || Math.max(sentAt + gapMs(), turnAt) > now) return null
      isTaken = true
      sentAt = now
      return () => {
        isTaken = false
        turnAt = monotonic() + TURN_SHARE * (monotonic() - now)
      }
    },
    clear() {
      gathered = new Map()
      cancel?.()
      cancel = null
    },
  }
}
