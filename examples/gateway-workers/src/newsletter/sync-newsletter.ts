/** Daily: brings the newsletter's list up to date with the users. */
import { change, iso, type Queries, select } from '../db/queries.ts'
import { planNewsletterSync, type Reader, type Subscriber } from './plan-newsletter-sync.ts'

export interface NewsletterCounts {
  readonly subscribed: number
  readonly unsubscribed: number
}

export async function syncNewsletter(db: Queries, at: number): Promise<NewsletterCounts> {
  const readers = await select<Reader>(
    db,
    `select email, name, plan from gateway.users where newsletter and closed_at is null order by email`,
  )
  const subscribers = await select<Subscriber>(db, `select email, name, plan, status from gateway.newsletter_subscribers for update`)
  const { subscribe, unsubscribe } = planNewsletterSync(readers, subscribers)
  const subscribed = await change(
    db,
    `insert into gateway.newsletter_subscribers (email, name, plan, status, synced_at)
     select email, name, plan, 'subscribed', $2::timestamptz from jsonb_to_recordset($1::jsonb) as r(email text, name text, plan text)
     on conflict (email) do update
     set name = excluded.name, plan = excluded.plan, status = 'subscribed', synced_at = excluded.synced_at
     returning email`,
    [JSON.stringify(subscribe), iso(at)],
  )
  const unsubscribed = await change(
    db,
    `update gateway.newsletter_subscribers set status = 'unsubscribed', synced_at = $2::timestamptz
     where email in (select jsonb_array_elements_text($1::jsonb)) returning email`,
    [JSON.stringify(unsubscribe), iso(at)],
  )
  return { subscribed, unsubscribed }
}
