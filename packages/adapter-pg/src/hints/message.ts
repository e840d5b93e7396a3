/** What goes over the channel: who says it, and what. */
import type { StoreHint } from '@quarterjack/core/store'

/** One notification. */
export type Message =
  /** A listener shows itself; `isNew` asks the others to do the same. */
  { readonly from: string; readonly hello: true; readonly isNew: boolean } | { readonly from: string; readonly hints: readonly StoreHint[] }

/** Nobody's: heard by everybody, its sender included. */
export const NOBODY = ''

/** Postgres takes less than 8,000 bytes. */
const MOST_BYTES = 7_900

export function helloMessage(from: string, isNew: boolean): string {
  return JSON.stringify({ from, hello: true, isNew } satisfies Message)
}

/** As few notifications as hold them all. A hint that is too long for one is left out: whoever waits polls as well. */
export function hintMessages(from: string, hints: readonly StoreHint[]): readonly string[] {
  const messages: string[] = []
  const envelope = Buffer.byteLength(JSON.stringify({ from, hints: [] }))
  let batch: StoreHint[] = []
  let bytes = envelope
  const flush = (): void => {
    if (batch.length > 0) messages.push(JSON.stringify({ from, hints: batch } satisfies Message))
    batch = []
    bytes = envelope
  }
  for (const hint of hints) {
    const size = Buffer.byteLength(JSON.stringify(hint)) + 1
    if (envelope + size > MOST_BYTES) continue
    if (bytes + size > MOST_BYTES) flush()
    batch.push(hint)
    bytes += size
  }
  flush()
  return messages
}

/** Reads messages; most are the one before over again, as of a process that triggers now and then. */
export function createMessageReader(): (payload: string) => Message | null {
  let last = ''
  let message: Message | null = null
  return (payload) => {
    if (payload !== last) {
      message = readMessage(payload)
      last = payload
    }
    return message
  }
}

/** Null for what nobody of us can have sent. Later versions may say more; what is not understood is left out. */
export function readMessage(payload: string): Message | null {
  let value: unknown
  try {
    value = JSON.parse(payload)
  } catch {
    return null
  }
  if (!isRecord(value) || typeof value.from !== 'string') return null
  if (value.hello === true) return { from: value.from, hello: true, isNew: value.isNew === true }
  return Array.isArray(value.hints) ? { from: value.from, hints: value.hints.filter(isHint) } : null
}

function isHint(value: unknown): value is StoreHint {
  if (!isRecord(value)) return false
  if (value.kind === 'work') return true
  if (value.kind === 'cancel') return typeof value.owner === 'string'
  if (value.kind === 'settled') return typeof value.runId === 'string'
  return value.kind === 'lease' && typeof value.name === 'string'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
