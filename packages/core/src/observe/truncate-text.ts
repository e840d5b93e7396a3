/** Cuts text to a number of bytes, with a marker that says so. */

/**
 * `text`, or its beginning with a truncation marker, such that its JSON form (without the quotes, UTF-8)
 * has at most `maxBytes` bytes. Never splits a surrogate pair. Costs no more than `maxBytes` steps.
 * `length` is what the marker says, for a text that was cut before.
 */
export function truncateText(text: string, maxBytes: number, length: number = text.length): string {
  const marker = `… [truncated from ${length} characters]`
  const room = maxBytes - marker.length - 2 // the ellipsis has three bytes and one character
  let used = 0
  let cut = 0
  for (let index = 0; index < text.length; ) {
    const width = isPair(text, index) ? 2 : 1
    used += width === 2 ? 4 : jsonBytes(text.charCodeAt(index))
    if (used > maxBytes) return room < 0 ? '…'.slice(0, maxBytes < 3 ? 0 : 1) : text.slice(0, cut) + marker
    index += width
    if (used <= room) cut = index
  }
  return text
}

function isPair(text: string, index: number): boolean {
  const high = text.charCodeAt(index)
  if (high < 0xd800 || high > 0xdbff) return false
  const low = text.charCodeAt(index + 1)
  return low >= 0xdc00 && low <= 0xdfff
}

function jsonBytes(unit: number): number {
  if (unit === 0x22 || unit === 0x5c) return 2
  if (unit < 0x20) return unit === 8 || unit === 9 || unit === 10 || unit === 12 || unit === 13 ? 2 : 6
  if (unit < 0x80) return 1
  if (unit < 0x800) return 2
  return unit >= 0xd800 && unit <= 0xdfff ? 6 : 3 // JSON.stringify escapes a lone surrogate
}
