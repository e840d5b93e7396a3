/**
 * The fewest scripts that do the job, through the same client: the limit. Jobs are claimed and settled in batches of 500,
 * the next claim on its way while the last batch is settled; each has a lease and an owner who alone may settle it, and
 * the last 10 that are done are kept.
 */
import type { ClientName } from '../redis/clients.ts'
import { connectScriptClient } from '../redis/script-client.ts'
import type { Payload, QueuePeerFactory } from './queue-peer.ts'

const BATCH = 500
const BULK = 1_000

const IDS = 'bare:ids'
const LINE = 'bare:line'
const LEASES = 'bare:leases'
const DONE = 'bare:done'
const CHANNEL = 'bare:hints'
const OWNER = 'me'

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/** KEYS: ids, line. ARGV: payloads. */
const ENQUEUE = `${NOW}
local last = redis.call('INCRBY', KEYS[1], #ARGV)
local ids = {}
for i, payload in ipairs(ARGV) do
  local id = last - #ARGV + i
  redis.call('HSET', 'bare:job:' .. id, 'state', 'pending', 'payload', payload, 'created', now)
  ids[i] = id
end
redis.call('RPUSH', KEYS[2], unpack(ids))`

/** KEYS: ids, line. ARGV: payloads. */
const ENQUEUE_AND_TELL = `${ENQUEUE}
redis.call('PUBLISH', '${CHANNEL}', '')`

/** KEYS: line, leases. ARGV: how many, owner. Answers ids and payloads in turn. */
const CLAIM = `${NOW}
local ids = redis.call('LPOP', KEYS[1], ARGV[1])
if not ids then return {} end
local claimed, leases = {}, {}
for i, id in ipairs(ids) do
  local key = 'bare:job:' .. id
  claimed[2 * i - 1] = id
  claimed[2 * i] = redis.call('HGET', key, 'payload')
  redis.call('HSET', key, 'state', 'running', 'owner', ARGV[2], 'attempt', 1, 'started', now)
  leases[2 * i - 1] = now + 30000
  leases[2 * i] = id
end
redis.call('ZADD', KEYS[2], unpack(leases))
return claimed`

/** KEYS: leases, done. ARGV: owner, ids. */
const SETTLE = `${NOW}
local settled = {}
for i = 2, #ARGV do
  local key = 'bare:job:' .. ARGV[i]
  if redis.call('HGET', key, 'owner') == ARGV[1] then
    redis.call('HSET', key, 'state', 'succeeded', 'finished', now)
    settled[#settled + 1] = ARGV[i]
  end
end
redis.call('ZREM', KEYS[1], unpack(settled))
local excess = redis.call('RPUSH', KEYS[2], unpack(settled)) - 10
if excess > 0 then
  local over = redis.call('LPOP', KEYS[2], excess)
  for i, id in ipairs(over) do over[i] = 'bare:job:' .. id end
  redis.call('DEL', unpack(over))
end`

export function bareOnRedis(name: ClientName): QueuePeerFactory {
  return async (url, tuning) => {
    const client = await connectScriptClient(url, name)
    const tells = tuning === 'latency'
    const enqueue = await client.load(tells ? ENQUEUE_AND_TELL : ENQUEUE)
    const claim = await client.load(CLAIM)
    const settle = await client.load(SETTLE)
    let isOpen = true
    let isClaiming = false
    let again = false

    /** Claims until nothing is left. */
    const drain = async (onStart: (n: number) => void): Promise<void> => {
      again = true
      if (isClaiming) return
      isClaiming = true
      while (again && isOpen) {
        again = false
        let settling: Promise<unknown> = Promise.resolve()
        for (;;) {
          const claimed = (await claim([LINE, LEASES], [String(BATCH), OWNER])) as readonly string[]
          if (claimed.length === 0) break
          const ids: string[] = []
          for (let place = 0; place < claimed.length; place += 2) {
            onStart((JSON.parse(claimed[place + 1] ?? '') as Payload).n)
            ids.push(claimed[place] ?? '')
          }
          await settling
          settling = settle([LEASES, DONE], [OWNER, ...ids])
        }
        await settling
      }
      isClaiming = false
    }

    return {
      async open() {
        // There is nothing to make.
      },
      async add(n) {
        await enqueue([IDS, LINE], [JSON.stringify({ n })])
      },
      async addMany(count) {
        const calls: Promise<unknown>[] = []
        for (let from = 0; from < count; from += BULK) {
          const payloads = Array.from({ length: Math.min(BULK, count - from) }, (_, index) => JSON.stringify({ n: from + index }))
          calls.push(enqueue([IDS, LINE], payloads))
        }
        await Promise.all(calls)
      },
      async work(onStart) {
        if (tells) await client.subscribe(CHANNEL, () => void drain(onStart))
        void drain(onStart)
      },
      async isDrained() {
        const [waiting, running] = await Promise.all([client.command('LLEN', LINE), client.command('ZCARD', LEASES)])
        return waiting === 0 && running === 0
      },
      async close() {
        isOpen = false
        client.end()
      },
    }
  }
}
