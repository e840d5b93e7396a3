/** Who held the mutex when, and whose guarded writes were let in: in a Redis of the tests' own, by its clock. */
import type { Holds } from '@quarterjack/fault-kit/holds'
import { createClient } from 'redis'

/** Where it is kept. */
export interface HoldsPlace {
  readonly url: string
  readonly key: string
}

const NOW = `local time = redis.call('TIME') local now = time[1] * 1000 + time[2] / 1000`
/** Keeps late writers out by their fence, as a user's own data should. */
const GUARD = `local kept = tonumber(redis.call('GET', KEYS[1] .. ':guarded') or 0)
local isLetIn = kept <= tonumber(ARGV[1])
if isLetIn then redis.call('SET', KEYS[1] .. ':guarded', ARGV[1]) end`
const BEGIN = `${NOW} ${GUARD}
redis.call('RPUSH', KEYS[1] .. ':begins', cjson.encode({ ARGV[1], ARGV[2], now }))`
const WRITE = `${GUARD}
return isLetIn and 1 or 0`
const END = `${NOW}
redis.call('HSET', KEYS[1] .. ':ends', ARGV[1], cjson.encode({ now, ARGV[2] == '1', ARGV[3] == '1' }))`

export async function openHolds({ url, key }: HoldsPlace): Promise<Holds> {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  return {
    begin: async (fence, holder) => void (await client.eval(BEGIN, { keys: [key], arguments: [String(fence), holder] })),
    write: async (fence) => (await client.eval(WRITE, { keys: [key], arguments: [String(fence)] })) === 1,
    async end(fence, how) {
      const flags = [how.told, how.wrote].map((flag) => (flag === true ? '1' : '0'))
      await client.eval(END, { keys: [key], arguments: [String(fence), ...flags] })
    },
    async all() {
      const [begins, ends] = await Promise.all([client.lRange(`${key}:begins`, 0, -1), client.hGetAll(`${key}:ends`)])
      return begins.map((text) => {
        const [fence, holder, from] = JSON.parse(text) as [string, string, number]
        const end = ends[fence]
        const [to, told, wrote] = end === undefined ? [null, null, null] : (JSON.parse(end) as [number, boolean, boolean])
        return { fence: Number(fence), holder, from, to, told, wrote }
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
