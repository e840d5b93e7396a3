/** Reads the stored text of a spec. Nothing in it is trusted: rows outlive the code that wrote them. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { findZone, MAX_INSTANT } from '../time/zone.ts'
import { parseDay } from './calendar-month.ts'
import { parseCron } from './parse-cron.ts'
import type { ResolvedSpec } from './schedule.ts'

type Check = (value: unknown) => boolean

const COMMON: Readonly<Record<string, Check>> = {
  startAt: isInstant,
  endAt: isInstant,
  jitterMs: (value) => isWhole(value, 0),
  delayMs: (value) => isWhole(value, 0),
  timeZone: (value) => typeof value === 'string' && findZone(value) !== null,
  excludeDays: (value) => Array.isArray(value) && value.every((day) => typeof day === 'string' && parseDay(day) !== null),
  excludeRanges: (value) => Array.isArray(value) && value.every(isRange),
}

const OWN: Readonly<Record<ResolvedSpec['kind'], Readonly<Record<string, Check>>>> = {
  cron: { expression: (value) => typeof value === 'string' && parseCron(value) !== null },
  every: {
    everyMs: (value) => isWhole(value, 1),
    anchorAt: isInstant,
    alignMs: (value) => value === undefined || isWhole(value, 1),
    registered: (value) => value === undefined || value === true,
  },
  at: { at: isInstant },
}

/**
 * The spec of a stored text, frozen. Throws `InvalidSchedule` for anything that this version, or this Node's tz data,
 * cannot understand whole: a field it does not know could change the slots.
 */
export function readSpec(text: string): ResolvedSpec {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw unreadable('it is not JSON', text, error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable('it is not an object', text)
  const fields = value as Readonly<Record<string, unknown>>
  const kind = fields.kind
  if (kind !== 'cron' && kind !== 'every' && kind !== 'at') throw unreadable(`kind: ${JSON.stringify(kind)} is unknown`, text)
  const own = OWN[kind]
  for (const name of Object.keys(fields)) {
    const check = name === 'kind' ? isKind : Object.hasOwn(own, name) ? own[name] : Object.hasOwn(COMMON, name) ? COMMON[name] : undefined
    if (check === undefined) throw unreadable(`"${name}" is unknown`, text)
    checkField(name, fields[name], check, text)
  }
  for (const [name, check] of Object.entries(own)) checkField(name, fields[name], check, text)
  return Object.freeze(fields) as unknown as ResolvedSpec
}

function checkField(name: string, value: unknown, check: Check, text: string): void {
  let fits: boolean
  try {
    fits = check(value)
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error), text, error)
  }
  if (!fits) throw unreadable(`${name}: ${JSON.stringify(value) ?? 'nothing'} does not fit`, text)
}

function unreadable(problem: string, text: string, cause?: unknown): QuarterjackError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
  return new QuarterjackError('InvalidSchedule', `The stored schedule ${shown} cannot be read: ${problem}. Set or register it again.`, {
    cause,
  })
}

function isKind(): boolean {
  return true
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}

function isInstant(value: unknown): boolean {
  return Number.isSafeInteger(value) && Math.abs(value as number) <= MAX_INSTANT
}

function isRange(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isInstant)
}
