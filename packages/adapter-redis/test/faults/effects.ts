/** What handlers really did, in a Redis of the tests' own, by its clock: it must not suffer from what the store suffers from. */
import { createClient } from 'redis'

/** Where it is kept: `key` is the site's. */
export interface RecordPlace {
  readonly url: string
  readonly key: string
}

/** One execution of a run: an attempt that reached its handler. */
export interface Effect {
  readonly runId: string
  readonly fence: number
  readonly job: string
  readonly key: string
  readonly slot: number | null
  readonly attempt: number
  readonly worker: string
  readonly pid: number
  readonly startedAt: number
  /** Null when the process ended before its handler did. */
  readonly endedAt: number | null
  /** `returned`, or the code with which its signal aborted. */
  readonly ending: string | null
}

/** What is known of it when it starts. */
export type EffectStart = Omit<Effect, 'startedAt' | 'endedAt' | 'ending'>

/** The record, for the process that writes it and the one that reads it. */
export interface EffectLog {
  /** Answers how many executions of the run came before. */
  start(effect: EffectStart): Promise<number>
  end(effect: Pick<Effect, 'runId' | 'fence'>, ending: string): Promise<void>
  /** In the order of their starts. */
  all(): Promise<readonly Effect[]>
  /** The record's clock, in ms: that of the machine, and so of every process here. */
  now(): Promise<number>
  close(): Promise<void>
}

const NOW = `local time = redis.call('TIME') local now = time[1] * 1000 + time[2] / 1000`
const START = `${NOW}
redis.call('RPUSH', KEYS[1] .. ':starts', cjson.encode({ now, ARGV[2] }))
return redis.call('HINCRBY', KEYS[1] .. ':counts', ARGV[1], 1) - 1`
const END = `${NOW}
return redis.call('HSETNX', KEYS[1] .. ':ends', ARGV[1], cjson.encode({ now, ARGV[2] }))`

export async function openEffects({ url, key }: RecordPlace): Promise<EffectLog> {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  const idOf = ({ runId, fence }: Pick<Effect, 'runId' | 'fence'>): string => `${runId}/${fence}`
  return {
    start: async (effect) => Number(await client.eval(START, { keys: [key], arguments: [effect.runId, JSON.stringify(effect)] })),
    end: async (effect, ending) => void (await client.eval(END, { keys: [key], arguments: [idOf(effect), ending] })),
    async all() {
      const [starts, ends] = await Promise.all([client.lRange(`${key}:starts`, 0, -1), client.hGetAll(`${key}:ends`)])
      return starts.map((text) => {
        const [startedAt, told] = JSON.parse(text) as [number, string]
        const effect = JSON.parse(told) as EffectStart
        const ended = ends[idOf(effect)]
        const [endedAt, ending] = ended === undefined ? [null, null] : (JSON.parse(ended) as [number, string])
        return { ...effect, startedAt, endedAt, ending }
      })
    },
    async now() {
      const [seconds, micros] = (await client.sendCommand(['TIME'])) as [string, string]
      return Number(seconds) * 1_000 + Number(micros) / 1_000
    },
    async close() {
      client.destroy()
    },
  }
}
