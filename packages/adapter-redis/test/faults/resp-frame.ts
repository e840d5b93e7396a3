/** Where a message of the protocol ends: requests and replies, RESP2 and RESP3. */

const CR = 13
const LF = 10

/** The end of the message that begins at `from`; null while it has not come in whole. */
export function frameEnd(bytes: Buffer, from: number): number | null {
  const lineEnd = bytes.indexOf('\r\n', from)
  if (lineEnd === -1 || bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) return null
  const after = lineEnd + 2
  const count = Number(bytes.toString('latin1', from + 1, lineEnd))
  switch (String.fromCharCode(bytes[from] ?? 0)) {
    case '$':
    case '=':
    case '!':
      if (count < 0) return after
      return bytes.length >= after + count + 2 ? after + count + 2 : null
    case '*':
    case '~':
    case '>':
      return endOfAll(bytes, after, count)
    case '%':
      return endOfAll(bytes, after, 2 * count)
    case '|':
      // Belongs to what follows it.
      return endOfAll(bytes, after, 2 * count + 1)
    default:
      return after
  }
}

function endOfAll(bytes: Buffer, from: number, count: number): number | null {
  let at = from
  for (let left = count; left > 0; left--) {
    const end = frameEnd(bytes, at)
    if (end === null) return null
    at = end
  }
  return at
}
