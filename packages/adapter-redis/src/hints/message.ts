/** What goes over the channel: who says it, and what, as scripts write it. */
import type { StoreHint } from '@quarterjack/core/store'

/** One message. */
export interface Message {
  /** The process that it came from. */
  readonly from: string
  readonly hints: readonly StoreHint[]
}

/** JSON: `["<from>", ["w"], ["c", "<owner>"], ["s", "<run>", "<run>"], …]`. Null for what no script of ours can have sent. */
export function readMessage(text: string): Message | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(value)) return null
  const [from, ...hints] = value as readonly unknown[]
  return typeof from === 'string' ? { from, hints: readHints(hints) } : null
}

/** The same list as scripts reply it. Later versions may say more; what is not understood is left out. */
export function readHints(list: unknown): readonly StoreHint[] {
  if (!Array.isArray(list)) return []
  return list.flatMap(readHint)
}

function readHint(value: unknown): readonly StoreHint[] {
  if (!Array.isArray(value)) return []
  const [kind, ...rest] = value as readonly unknown[]
  if (kind === 'w') return [{ kind: 'work' }]
  if (kind === 'r') return [{ kind: 'work', of: 'runs' }]
  const about = rest.filter((one) => typeof one === 'string')
  if (kind === 'c') return about.map((owner) => ({ kind: 'cancel', owner }))
  if (kind === 's') return about.map((runId) => ({ kind: 'settled', runId }))
  return kind === 'l' ? about.map((name) => ({ kind: 'lease', name })) : []
}
