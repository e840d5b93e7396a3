/** Results and progress as they are kept: JSON text, bounded, never a reason to fail a run. */

/** JSON text of a handler's result; null for undefined. Too large or unserialisable values leave a marker that says so. */
export function keepResult(value: unknown, maxBytes: number): string | null {
  if (value === undefined) return null
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    return JSON.stringify({ $unserialisable: error instanceof Error ? error.message : String(error) })
  }
  if (text === undefined) return null
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxBytes) return text
  return JSON.stringify({ $truncated: { bytes, limit: maxBytes, head: text.slice(0, Math.min(512, Math.floor(maxBytes / 4))) } })
}
