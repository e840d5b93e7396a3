/** The companion API as a running service: the shipped events, a model, a port. */
import { readFile } from 'node:fs/promises'
import { type Listening, listen } from '../listen.ts'
import type { Fault } from './faults.ts'
import { createFeedbackApi } from './feedback-api.ts'
import { parseEventLines } from './feedback-event.ts'
import { createLearningModel } from './learning-model.ts'

export interface StartApiOptions {
  readonly apiKey: string
  /** Default 8003; 0 takes any free one. */
  readonly port?: number
  /** Default: loopback only. */
  readonly host?: string
  /** JSON lines. Default: the shipped file. */
  readonly eventsFile?: string | URL
  /** Where appended events are kept, and read from at the next start. Default: memory only. */
  readonly journal?: string
  readonly faults?: readonly Fault[]
}

/** The events that come with the example. */
export const SHIPPED_EVENTS: URL = new URL('../../data/feedback-events.jsonl', import.meta.url)

/** Starts the API. Rejects when the events cannot be read or the port is taken. */
export async function startApi({
  apiKey,
  port = 8003,
  host,
  eventsFile = SHIPPED_EVENTS,
  journal,
  faults = [],
}: StartApiOptions): Promise<Listening> {
  const shipped = parseEventLines(await readFile(eventsFile, 'utf8'))
  const kept = journal === undefined ? [] : parseEventLines(await readIfThere(journal))
  const model = createLearningModel({ events: [...shipped, ...kept], ...(journal !== undefined && { journal }) })
  const api = createFeedbackApi({ apiKey, model, faults })
  return listen(async (request) => api.fetch(request), { port, ...(host !== undefined && { host }) })
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
