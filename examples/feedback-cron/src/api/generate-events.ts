/** Writes `data/feedback-events.jsonl`: a month of feedback, the same on every machine. */
import { writeFileSync } from 'node:fs'
import type { FeedbackEvent } from './feedback-event.ts'
import { SHIPPED_EVENTS } from './start-api.ts'

/** How users took to one action of one agent: the share that let it stand at the month's start and end. */
interface Habit {
  readonly kind: FeedbackEvent['kind']
  readonly agent: string
  readonly action: string
  /** Relative frequency. */
  readonly share: number
  readonly liked: readonly [start: number, end: number]
}

const HABITS: readonly Habit[] = [
  { kind: 'label', agent: 'label-suggester', action: 'application-receipt', share: 9, liked: [0.9, 0.95] },
  { kind: 'label', agent: 'label-suggester', action: 'interview-invite', share: 7, liked: [0.7, 0.9] },
  { kind: 'label', agent: 'label-suggester', action: 'rejection', share: 6, liked: [0.8, 0.8] },
  { kind: 'label', agent: 'label-suggester', action: 'offer', share: 2, liked: [0.6, 0.6] },
  { kind: 'label', agent: 'label-suggester', action: 'recruiter-outreach', share: 5, liked: [0.75, 0.55] },
  { kind: 'thread', agent: 'thread-triage', action: 'archive', share: 8, liked: [0.85, 0.6] },
  { kind: 'thread', agent: 'thread-triage', action: 'mark-important', share: 5, liked: [0.7, 0.75] },
  { kind: 'thread', agent: 'thread-triage', action: 'snooze', share: 4, liked: [0.5, 0.5] },
  { kind: 'thread', agent: 'unsubscribe-helper', action: 'unsubscribe', share: 3, liked: [0.95, 0.95] },
  { kind: 'tool', agent: 'reply-drafter', action: 'follow-up', share: 6, liked: [0.6, 0.75] },
  { kind: 'tool', agent: 'reply-drafter', action: 'thank-you', share: 4, liked: [0.85, 0.85] },
  { kind: 'tool', agent: 'reply-drafter', action: 'decline', share: 2, liked: [0.4, 0.45] },
  { kind: 'tool', agent: 'reply-drafter', action: 'propose-times', share: 3, liked: [0.55, 0.7] },
  { kind: 'tool', agent: 'form-filler', action: 'cover-letter', share: 5, liked: [0.35, 0.55] },
  { kind: 'tool', agent: 'form-filler', action: 'salary-expectation', share: 3, liked: [0.25, 0.2] },
  { kind: 'tool', agent: 'form-filler', action: 'work-authorisation', share: 3, liked: [0.9, 0.9] },
  { kind: 'tool', agent: 'form-filler', action: 'years-of-experience', share: 4, liked: [0.8, 0.85] },
]

const COUNT = 420
const FIRST_AT = Date.UTC(2025, 9, 21)
const DAYS = 31

/** The shipped events, oldest first. */
export function generateEvents(): readonly FeedbackEvent[] {
  const random = mulberry32(20_251_120)
  const instants = Array.from({ length: COUNT }, () => pickInstant(random)).sort((a, b) => a - b)
  return instants.map((at, index) => makeEvent(at, index, random))
}

function makeEvent(at: number, index: number, random: () => number): FeedbackEvent {
  const habit = pick(HABITS, random)
  const elapsed = (at - FIRST_AT) / (DAYS * 86_400_000)
  const liked = random() < habit.liked[0] + (habit.liked[1] - habit.liked[0]) * elapsed
  const base = {
    id: `evt-${String(index + 1).padStart(4, '0')}`,
    at: `${new Date(at).toISOString().slice(0, 19)}Z`,
    user: `user-${String(1 + Math.floor(random() ** 2 * 24)).padStart(2, '0')}`,
    agent: habit.agent,
    action: habit.action,
    thread: `thr-${1_000 + Math.floor(random() * 900)}`,
    confidence: Number((0.45 + (liked ? 0.5 : 0.35) * random()).toFixed(2)),
  }
  if (habit.kind === 'thread') return { ...base, kind: 'thread', verdict: liked ? 'kept' : 'undone' }
  if (habit.kind === 'tool') return { ...base, kind: 'tool', verdict: liked ? (random() < 0.7 ? 'accepted' : 'edited') : 'dismissed' }
  if (liked) return { ...base, kind: 'label', verdict: 'confirmed' }
  const others = HABITS.filter(({ kind, action }) => kind === 'label' && action !== habit.action)
  return { ...base, kind: 'label', verdict: 'corrected', correctedTo: pick(others, random).action }
}

// People look through their mail by day, and less at weekends.
function pickInstant(random: () => number): number {
  for (;;) {
    const at = FIRST_AT + Math.floor(random() * DAYS * 86_400_000)
    const hour = new Date(at).getUTCHours()
    const weekend = [0, 6].includes(new Date(at).getUTCDay())
    const busy = (hour >= 7 && hour < 20 ? 1 : 0.06) * (weekend ? 0.3 : 1)
    if (at < Date.UTC(2025, 10, 20, 13, 55) && random() < busy) return at
  }
}

function pick(habits: readonly Habit[], random: () => number): Habit {
  let left = random() * habits.reduce((sum, { share }) => sum + share, 0)
  for (const habit of habits) {
    left -= habit.share
    if (left < 0) return habit
  }
  throw new Error('there is nothing to pick from')
}

// https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

if (import.meta.main) {
  writeFileSync(
    SHIPPED_EVENTS,
    generateEvents()
      .map((event) => `${JSON.stringify(event)}\n`)
      .join(''),
  )
}
