/** Replies of scripts → values. What Redis may give is text, whole numbers, null and lists; anything else is not from our scripts. */
import { QuarterjackError } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'

/** Of one reply. */
export type List = readonly Reply[]

export function list(reply: Reply | undefined): List {
  if (Array.isArray(reply)) return reply as List
  throw wrong('a list', reply)
}

export function text(reply: Reply | undefined): string {
  if (typeof reply === 'string') return reply
  throw wrong('a text', reply)
}

export function textOrNull(reply: Reply | undefined): string | null {
  return reply === null || reply === undefined ? null : text(reply)
}

/** Whole ones come as numbers, others as texts. */
export function number(reply: Reply | undefined): number {
  if (typeof reply === 'number') return reply
  const value = typeof reply === 'string' && reply !== '' ? Number(reply) : Number.NaN
  if (Number.isNaN(value)) throw wrong('a number', reply)
  return value
}

export function numberOrNull(reply: Reply | undefined): number | null {
  return reply === null || reply === undefined ? null : number(reply)
}

export function flag(reply: Reply | undefined): boolean {
  return number(reply) === 1
}

export function texts(reply: Reply | undefined): readonly string[] {
  return list(reply).map(text)
}

function wrong(expected: string, reply: Reply | undefined): QuarterjackError {
  const shown = JSON.stringify(reply) ?? 'nothing'
  return new QuarterjackError(
    'StoreUnsupported',
    `The server answered ${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown} where ${expected} was expected. Is the client set to map types, or is this server not a Redis or Valkey?`,
  )
}
