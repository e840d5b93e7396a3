/** Identities: UUID version 7 for what is new, a derived UUID version 8 for the run of a slot. */
import type { Random } from './random.ts'

/** Makes ids that sort by creation within a process. */
export type NextId = () => string

const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
const DASH = '-'.charCodeAt(0)

/** UUID v7 (RFC 9562): 48 bits of time, then a counter within the millisecond, then 62 random bits. */
export function createIds(now: () => number, random: Random): NextId {
  // Written in place, since most of an id is that of the one before it.
  const text = Buffer.alloc(36, DASH)
  text[14] = DIGITS[7] as number
  let lastAt = Number.NEGATIVE_INFINITY
  let counter = 0
  return () => {
    let at = Math.max(now(), lastAt)
    counter = at === lastAt ? counter + 1 : 0
    if (counter > 0xfff) {
      at++
      counter = 0
    }
    if (at !== lastAt) {
      lastAt = at
      writeHex(text, 0, 8, Math.floor(at / 0x1_0000))
      writeHex(text, 9, 4, at % 0x1_0000)
    }
    writeHex(text, 15, 3, counter)
    writeHex(text, 19, 4, 0x8000 | (random() * 0x4000))
    writeHex(text, 24, 6, random() * 0x100_0000)
    writeHex(text, 30, 6, random() * 0x100_0000)
    return text.toString('latin1')
  }
}

/**
 * The run id of (schedule incarnation, slot): the slot's time, then the incarnation's own random
 * bits. Every node derives the same one, so the primary key is a second guard against a doubled slot.
 */
export function slotRunId(incarnation: string, slot: number): string {
  // Instants before 1970 are legal slots: they wrap, and stay distinct.
  const time = (slot < 0 ? slot + 2 ** 48 : slot).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-8${incarnation.slice(15)}`
}

/** The low `count` digits of `value`, which is below 2 ** 32. */
function writeHex(text: Buffer, at: number, count: number, value: number): void {
  let rest = value >>> 0
  for (let place = at + count - 1; place >= at; place--) {
    text[place] = DIGITS[rest & 15] as number
    rest >>>= 4
  }
}
