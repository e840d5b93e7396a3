/** What becomes of subscriptions whose paid time ends. Pure. */
import { DAY_MS } from '../db/time.ts'

export interface Subscription {
  readonly id: number
  readonly userId: number
  readonly status: 'active' | 'past_due' | 'expired'
  /** The end of what was paid for. */
  readonly periodEnd: number
  readonly cancelAtPeriodEnd: boolean
}

export interface Expirations {
  readonly changes: readonly { readonly id: number; readonly userId: number; readonly status: 'past_due' | 'expired' }[]
  /** Whom to tell that the end is near; the same one may be named again. */
  readonly endingSoon: readonly number[]
}

/** How long a payment may be late. */
export const GRACE_MS: number = 3 * DAY_MS
/** How long before the end the customer hears of it. */
export const NOTICE_MS: number = 7 * DAY_MS

/** A cancelled subscription expires with its period; another one is past due for three days, and expires then. */
export function planExpirations(subscriptions: readonly Subscription[], at: number): Expirations {
  const changes = subscriptions.flatMap((subscription) => {
    const status = statusAt(subscription, at)
    return status === subscription.status || status === 'active' ? [] : [{ id: subscription.id, userId: subscription.userId, status }]
  })
  const endingSoon = subscriptions
    .filter(({ status, periodEnd }) => status === 'active' && periodEnd > at && periodEnd <= at + NOTICE_MS)
    .map(({ id }) => id)
  return { changes, endingSoon }
}

function statusAt({ status, periodEnd, cancelAtPeriodEnd }: Subscription, at: number): Subscription['status'] {
  if (status === 'expired' || periodEnd > at) return status
  return cancelAtPeriodEnd || periodEnd + GRACE_MS <= at ? 'expired' : 'past_due'
}
