/** The rows of `data/rows.jsonl`: customers, what they do, and what the company set up for them. */
import { DAY_MS, HOUR_MS, dayOf } from '../db/time.ts'
import { createDice, type Dice } from './random.ts'
import { SEED_TODAY, type SeedLine } from './seed-database.ts'

type Rows = Generator<SeedLine>

const NAMES = [
  'Ada',
  'Alan',
  'Anita',
  'Barbara',
  'Dennis',
  'Donald',
  'Edsger',
  'Frances',
  'Grace',
  'Hedy',
  'John',
  'Katherine',
  'Ken',
  'Leslie',
  'Linus',
  'Margaret',
  'Niklaus',
  'Radia',
  'Shafi',
  'Tim',
]
const PLANS = ['free', 'free', 'free', 'pro', 'pro', 'team']
/** What somebody does after signing up, and how likely each step follows on the one before. */
const JOURNEY = [
  ['project_created', 0.75],
  ['file_uploaded', 0.7],
  ['print_ordered', 0.55],
  ['upgraded', 0.35],
] as const
const USERS = 40

export function* generateRows(): Rows {
  const dice = createDice(3_003)
  yield* plans()
  const users = Array.from({ length: USERS }, (_, index) => makeUser(index + 1, dice))
  for (const { row } of users) yield { table: 'users', row }
  yield* subscriptions(users, dice)
  yield* events(users, dice)
  yield* newsletter(users, dice)
  yield* campaigns(users, dice)
  yield* definitions()
  yield* sessions(users, dice)
}

interface User {
  readonly id: number
  readonly createdAt: number
  readonly plan: string
  readonly row: SeedLine['row']
}

function makeUser(id: number, dice: Dice): User {
  const name = NAMES[(id - 1) % NAMES.length] ?? ''
  const createdAt = SEED_TODAY - dice.whole(1, 80) * DAY_MS - dice.whole(1, 86_000) * 1_000
  const plan = dice.pick(PLANS)
  const isClosed = id % 13 === 0
  const row = {
    id,
    email: `${name.toLowerCase()}${id}@example.com`,
    name: id > NAMES.length ? `${name} II` : name,
    plan,
    credits: dice.whole(0, 30),
    // A few were reset today already.
    credits_reset_on: dayOf(id % 7 === 0 ? SEED_TODAY : SEED_TODAY - DAY_MS),
    newsletter: dice.next() < 0.6,
    created_at: text(createdAt),
    closed_at: isClosed ? text(SEED_TODAY - 2 * DAY_MS) : null,
  }
  return { id, createdAt, plan, row }
}

function* plans(): Rows {
  for (const [name, daily_credits] of [
    ['free', 10],
    ['pro', 100],
    ['team', 500],
  ])
    yield { table: 'plans', row: { name, daily_credits } }
}

function* subscriptions(users: readonly User[], dice: Dice): Rows {
  for (const { id, plan } of users.filter((user) => user.plan !== 'free')) {
    // From five days ago to twelve days ahead.
    const periodEnd = SEED_TODAY + dice.whole(-5 * 24, 12 * 24) * HOUR_MS
    const status = periodEnd < SEED_TODAY && dice.next() < 0.3 ? 'past_due' : 'active'
    yield {
      table: 'subscriptions',
      row: { id: 100 + id, user_id: id, plan, status, period_end: text(periodEnd), cancel_at_period_end: dice.next() < 0.3 },
    }
  }
}

function* events(users: readonly User[], dice: Dice): Rows {
  const all: { readonly user_id: number; readonly name: string; readonly at: number }[] = []
  for (const { id, createdAt } of users) {
    all.push({ user_id: id, name: 'signed_up', at: createdAt })
    let at = createdAt
    for (const [name, chance] of JOURNEY) {
      if (dice.next() > chance) break
      at += dice.whole(1, 30) * HOUR_MS
      all.push({ user_id: id, name, at })
    }
    const visits = dice.whole(3, 30)
    // Some have not been seen for a while.
    const until = id % 5 === 0 ? Math.max(createdAt, SEED_TODAY - 9 * DAY_MS) : SEED_TODAY
    for (let visit = 0; visit < visits; visit += 1) {
      all.push({
        user_id: id,
        name: dice.pick(['visited', 'visited', 'file_uploaded', 'print_ordered']),
        at: recent({ createdAt, until }, dice),
      })
    }
  }
  // Left over from before: the monthly clean-up has something to do.
  for (let age = 91; age < 111; age += 1) all.push({ user_id: 1, name: 'visited', at: SEED_TODAY - age * DAY_MS })
  const past = all.filter(({ at }) => at < SEED_TODAY).toSorted((a, b) => a.at - b.at)
  for (const [index, { at, ...event }] of past.entries()) yield { table: 'events', row: { id: index + 1, ...event, at: text(at) } }
}

/** Most visits are of the last days. */
function recent({ createdAt, until }: { readonly createdAt: number; readonly until: number }, dice: Dice): number {
  return until - Math.floor(dice.next() ** 3 * (until - createdAt)) - 1_000
}

function* newsletter(users: readonly User[], dice: Dice): Rows {
  for (const { row, plan } of users.filter(({ id }) => id % 3 !== 0)) {
    const status = dice.next() < 0.8 ? 'subscribed' : dice.pick(['unsubscribed', 'bounced'])
    yield { table: 'newsletter_subscribers', row: { email: row.email, name: row.name, plan, status, synced_at: text(SEED_TODAY - DAY_MS) } }
  }
}

function* campaigns(users: readonly User[], dice: Dice): Rows {
  const steps = [
    { delayHours: 1, subject: 'Welcome' },
    { delayHours: 24, subject: 'Your first project' },
    { delayHours: 72, subject: 'Ten things to print' },
  ]
  yield { table: 'sequences', row: { id: 'onboarding', campaign: 'welcome', steps } }
  yield { table: 'sequences', row: { id: 'win-back', campaign: 'spring', steps: [{ delayHours: 48, subject: 'We miss you' }] } }
  for (const { id } of users.filter((user) => user.id % 2 === 0)) {
    const nextStep = dice.whole(0, 2)
    yield {
      table: 'enrollments',
      row: {
        id,
        sequence_id: 'onboarding',
        user_id: id,
        next_step: nextStep,
        last_at: text(SEED_TODAY - dice.whole(0, 90) * HOUR_MS),
        status: 'active',
      },
    }
    if (nextStep > 0) {
      const old = {
        step: 0,
        recipient: `user${id}@example.com`,
        subject: 'Welcome',
        queued_at: text(SEED_TODAY - (id % 4 === 0 ? 200 : 4) * DAY_MS),
      }
      yield { table: 'outbox', row: { enrollment_id: id, ...old } }
    }
  }
}

function* definitions(): Rows {
  const segments = {
    'power-users': { did: { event: 'print_ordered', times: 3, withinDays: 30 } },
    'at-risk': { plans: ['pro', 'team'], idleDays: 7 },
    newcomers: { joinedWithinDays: 14 },
  }
  for (const [id, rule] of Object.entries(segments)) yield { table: 'segments', row: { id, rule } }
  // Two who belong there no more.
  yield { table: 'segment_members', row: { segment_id: 'newcomers', user_id: 13, since: text(SEED_TODAY - 60 * DAY_MS) } }
  yield { table: 'segment_members', row: { segment_id: 'power-users', user_id: 26, since: text(SEED_TODAY - 60 * DAY_MS) } }
  yield { table: 'funnels', row: { id: 'activation', steps: ['signed_up', 'project_created', 'file_uploaded'], window_hours: 72 } }
  yield { table: 'funnels', row: { id: 'purchase', steps: ['visited', 'print_ordered'], window_hours: 24 } }
}

function* sessions(users: readonly User[], dice: Dice): Rows {
  for (const { id } of users) {
    yield { table: 'sessions', row: { id: `session-${id}`, user_id: id, expires_at: text(SEED_TODAY + dice.whole(-20, 20) * DAY_MS) } }
  }
}

function text(at: number): string {
  return new Date(at).toISOString()
}
