/** Slots of a stored spec by brute force: shares no code with the engine, and is slow and plain on purpose. */

export interface NaiveSlot {
  readonly slot: number
  readonly excluded: boolean
}

interface Spec {
  readonly kind: 'cron' | 'every' | 'at'
  readonly expression: string
  readonly everyMs: number
  readonly anchorAt: number
  readonly at: number
  readonly startAt?: number
  readonly endAt?: number
  readonly excludeRanges?: readonly (readonly [number, number])[]
  readonly timeZone?: string
  readonly jitterMs?: number
}

/** Every slot in `(after, to]`, excluded ones too. Cron only of the wildcard kind, where real time and local fields say it all. */
export function naiveSlots(text: string, after: number, to: number): NaiveSlot[] {
  const spec = JSON.parse(text) as Spec
  const slots: NaiveSlot[] = []
  for (const slot of candidates(spec, after, to)) {
    if (spec.startAt !== undefined && slot < spec.startAt) continue
    if (spec.endAt !== undefined && slot > spec.endAt) continue
    slots.push({ slot, excluded: (spec.excludeRanges ?? []).some(([from, until]) => slot >= from && slot < until) })
  }
  return slots
}

/** The jitter that a stored spec allows, in ms. */
export function naiveJitter(text: string): number {
  return (JSON.parse(text) as Spec).jitterMs ?? 0
}

function* candidates(spec: Spec, after: number, to: number): Generator<number> {
  if (spec.kind === 'at') {
    if (spec.at > after && spec.at <= to) yield spec.at
    return
  }
  if (spec.kind === 'every') {
    let slot = spec.anchorAt
    while (slot > after) slot -= spec.everyMs * Math.max(1, Math.floor((slot - after) / spec.everyMs))
    while (slot <= after) slot += spec.everyMs * Math.max(1, Math.floor((after - slot) / spec.everyMs))
    for (; slot <= to; slot += spec.everyMs) yield slot
    return
  }
  const fields = spec.expression.split(' ')
  if (fields.length !== 6) throw new Error(`six fields expected: ${spec.expression}`)
  const [second, minute, hour, ...rest] = fields
  if (!(minute as string).startsWith('*') && !(hour as string).startsWith('*'))
    throw new Error(`not of the wildcard kind: ${spec.expression}`)
  if (rest.some((field) => field !== '*')) throw new Error(`only times of day are understood: ${spec.expression}`)
  for (let at = Math.floor(after / 1_000) * 1_000 + 1_000; at <= to; at += 1_000) {
    if (!fits(second as string, Math.floor(at / 1_000) % 60)) continue
    const local = localTime(at, spec.timeZone ?? 'UTC')
    if (fits(minute as string, local.minute) && fits(hour as string, local.hour)) yield at
  }
}

function fits(field: string, value: number): boolean {
  return field.split(',').some((part) => {
    const [range, step] = part.split('/')
    const [from, until] = range === '*' ? [0, 59] : (range as string).split('-').map(Number)
    if (value < (from as number) || value > (until ?? (from as number))) return false
    return step === undefined || (value - (from as number)) % Number(step) === 0
  })
}

const minutes = new Map<string, { hour: number; minute: number }>()

function localTime(at: number, zone: string): { hour: number; minute: number } {
  const key = `${zone}/${Math.floor(at / 60_000)}`
  let found = minutes.get(key)
  if (found === undefined) {
    const text = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at)
    const [hour, minute] = text.split(':').map(Number)
    found = { hour: hour as number, minute: minute as number }
    if (minutes.size > 50_000) minutes.clear()
    minutes.set(key, found)
  }
  return found
}
