/** Runs of which there is little to tell, as scripts keep them: text, of which this side writes and reads the last part (`short-runs`). */
import { type EnqueueRequest, QuarterjackError, type RunRecord, type Settlement } from '@quarterjack/core/store'

/** What one script takes of them at most: its lists go to commands as arguments. */
export const MOST_SHORT = 1_000

/** What was asked for, beside the key and the instants. What is absent is null. */
interface ShortRequest {
  readonly trigger: RunRecord['trigger']
  readonly overlap: RunRecord['overlap']
  readonly triggers: number
  readonly payload?: string | null
  readonly slot?: number
  readonly schedule?: string
  readonly replayOf?: string
  readonly trace?: string
}

/** What most ask for is not written. */
const USUAL = { trigger: 'manual', overlap: 'allow', triggers: 1 } as const

/** The parts of a body that a claim does not know. */
export interface ShortBody {
  readonly key: string
  readonly runAt: number
  readonly createdAt: number
  readonly priority: number
  readonly asked: ShortRequest
}

/** Due at once, of that job, of a priority that fits. That it asks for nothing else is known. */
export function isShort({ job, delayMs, runAt, priority }: EnqueueRequest, of: string): boolean {
  return job === of && delayMs === 0 && runAt === undefined && Number.isInteger(priority) && Math.abs(priority) < 100_000
}

/** What follows the instants in a body: the priority as it sorts, an end of the id, and the rest as JSON. */
export function shortText({ id, trigger, overlap, triggers, payload, slot, replayOf, trace, priority }: EnqueueRequest): string {
  const asked = {
    trigger: trigger === USUAL.trigger ? undefined : trigger,
    overlap: overlap === USUAL.overlap ? undefined : overlap,
    triggers: triggers === USUAL.triggers ? undefined : triggers,
    payload: payload ?? undefined,
    slot,
    replayOf,
    trace,
  }
  return `${priorityText(priority)}/${saltOf(id)}/${JSON.stringify(asked)}`
}

/** `<letter><job>/<length of the key in bytes>:<key>/<age>/<run at>/<created at>/<priority>/<salt>/<JSON>` */
export function readShortBody(body: string): ShortBody {
  const start = /^[A-Z]\d+\/(\d+):/.exec(body)
  if (start === null) throw unreadable(body)
  const from = start[0].length
  const to = endOfBytes(body, from, Number(start[1]))
  const rest = /^\/\d+\/([^/]+)\/([^/]+)\/(\d+)\/[^/]*\//.exec(body.slice(to, to + 160))
  if (rest === null) throw unreadable(body)
  const [header, runAt, createdAt, priority] = rest
  return {
    key: body.slice(from, to),
    runAt: Number(runAt),
    createdAt: Number(createdAt),
    priority: 100_000 - Number(priority),
    asked: { ...USUAL, ...(JSON.parse(body.slice(to + header.length)) as Partial<ShortRequest>) },
  }
}

/** A success of which there is nothing to tell but its result. */
export function isShortSuccess({ outcome, then, startedAt, progress, error, enqueue, holdGates }: Settlement): boolean {
  return (
    then.to === 'succeeded' &&
    outcome === 'succeeded' &&
    startedAt !== null &&
    error === null &&
    progress === undefined &&
    (enqueue === undefined || enqueue.length === 0) &&
    holdGates !== true
  )
}

/** Of each in turn: id, fence, start, and the result, which is never empty where there is one. */
export function shortSuccesses(settlements: readonly Settlement[]): readonly string[] {
  const texts: string[] = []
  for (const { runId, fence, startedAt, then } of settlements) {
    texts.push(runId, String(fence), String(startedAt), (then.to === 'succeeded' ? then.result : null) ?? '')
  }
  return texts
}

/** What tells ids apart stands at their end; see `short-runs`. */
function saltOf(id: string): string {
  const end = id.slice(-16)
  return end.includes('/') ? '' : end
}

const PLAIN_PRIORITY = '100000'

/** As scripts write it: higher ones sort first. */
function priorityText(priority: number): string {
  return priority === 0 ? PLAIN_PRIORITY : String(100_000 - priority).padStart(6, '0')
}

/** Where the text of so many bytes ends that begins at a place. */
function endOfBytes(text: string, from: number, bytes: number): number {
  let to = from + bytes
  while (to > from && Buffer.byteLength(text.slice(from, to)) > bytes) to--
  return to
}

function unreadable(body: string): QuarterjackError {
  return new QuarterjackError(
    'StoreUnsupported',
    `A run is kept as ${JSON.stringify(body.slice(0, 80))}, which this version cannot read. Does a newer one write under this prefix?`,
  )
}
