/** How many terminal columns a text takes, and how to cut it to some. */

const ASCII = /^[\x20-\x7e]*$/
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|\ufe0f|[\u{20000}-\u{3fffd}]/u
// Controls, line separators, and marks that reorder what is read.
const STEERING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

/** Columns of `text`, which must be {@link printable}. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment)
  return width
}

/** `text`, or its beginning and `…`, in at most `width` columns. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width <= 0) return ''
  if (ASCII.test(text)) return `${text.slice(0, width - 1)}…`
  let kept = ''
  let used = 1
  for (const { segment } of graphemes(text)) {
    used += graphemeWidth(segment)
    if (used > width) break
    kept += segment
  }
  return `${kept}…`
}

/**
 * `text` without characters that steer a terminal: stored names, payloads and errors are not trusted.
 * Line breaks stay when `lines` is true, and become spaces otherwise.
 */
export function printable(text: string, lines = false): string {
  const flat = lines ? text.replaceAll('\r\n', '\n') : text.replaceAll(/[\r\n]\s*/g, ' ')
  return flat.replaceAll(STEERING, (char) => (char === '\n' ? char : char === '\t' ? ' ' : escapeChar(char)))
}

/** Indented JSON that is safe on a terminal: C1 controls, which JSON permits, are escaped too. */
export function printableJson(value: object): string {
  return JSON.stringify(value, null, 2).replaceAll(/[\u007f-\u009f]/g, escapeChar)
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function graphemes(text: string): Iterable<{ readonly segment: string }> {
  return new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)
}

function graphemeWidth(segment: string): number {
  if (WIDE.test(segment)) return 2
  return ZERO.test(segment) ? 0 : 1
}
