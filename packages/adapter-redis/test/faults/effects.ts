/** What handlers really did, in a Redis of the tests' own, by its clock: it must not suffer from what the store suffers from. */
import type { Effect, EffectLog, EffectStart } from '@quarterjack/fault-kit/effects'
import { createClient } from 'redis'

/** Where it is kept: `key` is the site's. */
export interface RecordPlace {
  readonly url: string
  readonly key: string
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
