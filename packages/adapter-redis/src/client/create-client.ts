/** What both seams have in common: scripts by their hash, a deadline for each call, replies as scripts give them. */
import { QuarterjackError } from '@quarterjack/core/store'
import { createDeadlines } from './deadlines.ts'
import { LONGEST_CALL_MS } from './limits.ts'
import type { ChannelListener, RedisClient, Reply, Unsubscribe } from './redis-client.ts'

/** EVALSHA or EVAL. */
export interface ScriptCall {
  readonly by: 'sha' | 'source'
  /** The hash, or the text. */
  readonly script: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** One client library, in its own words. */
export interface Seam {
  readonly kind: RedisClient['kind']
  /** Null when a command can be sent at once. */
  ready(): Promise<void> | null
  eval(call: ScriptCall): Promise<unknown>
  command(args: readonly string[]): Promise<unknown>
  subscribe(channel: string, listener: ChannelListener): Promise<Unsubscribe>
}

/** `callMs` is how long a call may take; tests are less patient. */
export function createClient(seam: Seam, callMs: number = LONGEST_CALL_MS): RedisClient {
  const deadlines = createDeadlines(callMs)
  const subscriptions = new Set<Unsubscribe>()

  const whenReady = <T>(ask: () => Promise<T>): Promise<T> => {
    const ready = seam.ready()
    return deadlines.within(ready === null ? ask() : ready.then(ask))
  }

  return {
    kind: seam.kind,
    async run({ sha, source }, keys, args) {
      const ask = async (): Promise<unknown> => {
        try {
          return await seam.eval({ by: 'sha', script: sha, keys, args })
        } catch (error) {
          if (!isUnknownScript(error)) throw error
          return seam.eval({ by: 'source', script: source, keys, args })
        }
      }
      return scriptReply(await whenReady(ask))
    },
    command: async (args) => flatReply(await whenReady(() => seam.command(args))),
    async subscribe(channel, listener) {
      const unsubscribe = await seam.subscribe(channel, listener)
      const end = async (): Promise<void> => {
        if (subscriptions.delete(end)) await unsubscribe()
      }
      subscriptions.add(end)
      return end
    },
    close: async () => void (await Promise.all([...subscriptions].map((end) => end()))),
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

/** Scripts answer with lists. Whatever else comes was made of them by the client, or by what is between. */
function scriptReply(reply: unknown): Reply {
  if (reply === 'QUEUED') {
    throw unusable(
      'it is within a transaction (MULTI). Give the store a client that nobody else begins transactions on: client.duplicate()',
    )
  }
  if (isBinary(reply) || (Array.isArray(reply) && reply.some(isBinary))) {
    throw unusable('it reads texts as Buffers. Give the store one that reads them as strings')
  }
  return reply as Reply
}

function unusable(reason: string): QuarterjackError {
  return new QuarterjackError('InvalidOption', `redisStore: the client cannot serve: ${reason}.`)
}

function isBinary(value: unknown): boolean {
  return value instanceof Uint8Array
}

/** Replies of commands differ between protocols: RESP3 has maps where RESP2 has flat lists. */
function flatReply(reply: unknown): Reply {
  if (reply === null || typeof reply === 'number') return reply
  if (Array.isArray(reply)) return reply.map(flatReply)
  if (reply instanceof Map) return [...reply].flat().map(flatReply)
  if (typeof reply === 'object' && !isBinary(reply)) return Object.entries(reply).flat().map(flatReply)
  return String(reply)
}
