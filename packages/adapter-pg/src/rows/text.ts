/**
 * Text that Postgres cannot hold, on its way there and back. U+0000 and lone surrogates are refused by every text type,
 * so they travel behind U+E000, a character for private use, which therefore travels behind itself:
 * U+0000 is U+E000 `0`, U+E000 is U+E000 `1`, the lone surrogate U+D8AB is U+E000 `d8ab`.
 */

const SENTINEL = '\uE000'

/** Escapes of JSON that matter here. `\\` is matched as a whole, so that what follows it is not taken for an escape. */
const TO_ENCODE = /\\(?:u(0000|d[89a-f][0-9a-f]{2})|.)|\uE000/g
const TO_DECODE = /\uE000(0|1|d[89a-f][0-9a-f]{2})/g

/** JSON text as `JSON.stringify` writes it → JSON text whose strings Postgres can hold. The same text if there is nothing to do. */
export function encodeText(json: string): string {
  if (!json.includes('\\u0000') && !json.includes('\\ud') && !json.includes(SENTINEL)) return json
  return json.replace(TO_ENCODE, (found: string, hex: string | undefined) => {
    if (hex === '0000') return `${SENTINEL}0`
    if (hex !== undefined) return SENTINEL + hex
    return found === SENTINEL ? `${SENTINEL}1` : found
  })
}

/** What {@link encodeText} made, as JSON text of the original strings. */
export function decodeText(json: string): string {
  if (!json.includes(SENTINEL)) return json
  return json.replace(TO_DECODE, (_, sign: string) => {
    if (sign === '0') return '\\u0000'
    return sign === '1' ? SENTINEL : `\\u${sign}`
  })
}
