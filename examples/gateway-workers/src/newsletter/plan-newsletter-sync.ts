/** What has to change in the newsletter's list so that it agrees with the users' choice. Pure. */

export interface Reader {
  readonly email: string
  readonly name: string
  readonly plan: string
}

export interface Subscriber extends Reader {
  readonly status: 'subscribed' | 'unsubscribed' | 'bounced'
}

export interface NewsletterSync {
  /** To be added, or written anew. */
  readonly subscribe: readonly Reader[]
  /** Addresses. */
  readonly unsubscribe: readonly string[]
}

/** `readers` are those who want it. An address that bounced stays as it is: to try it again would harm the sender. */
export function planNewsletterSync(readers: readonly Reader[], subscribers: readonly Subscriber[]): NewsletterSync {
  const known = new Map(subscribers.map((subscriber) => [subscriber.email, subscriber]))
  const wanted = new Set(readers.map(({ email }) => email))
  return {
    subscribe: readers.filter((reader) => needsWriting(reader, known.get(reader.email))),
    unsubscribe: subscribers.filter(({ email, status }) => status === 'subscribed' && !wanted.has(email)).map(({ email }) => email),
  }
}

function needsWriting(reader: Reader, known: Subscriber | undefined): boolean {
  if (known === undefined) return true
  if (known.status === 'bounced') return false
  return known.status !== 'subscribed' || known.name !== reader.name || known.plan !== reader.plan
}
