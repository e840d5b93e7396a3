/** Events and their sums by window, in a Redis of the tests' own: what rollups read and write, and must agree on in the end. */
import { createClient } from 'redis'

/** Where they are kept. */
export interface SumsPlace {
  readonly url: string
  readonly key: string
}

/** One refresh that began. */
export interface RefreshTold {
  readonly worker: string
  readonly job: string
  readonly starts: readonly number[]
}

/** For the processes that refresh, and the test that reads. */
export interface Sums {
  /** Adds one event of value 1 to each instant. */
  add(instants: readonly number[]): Promise<void>
  /** The sum of each window. */
  recompute(windows: readonly Window[]): Promise<readonly number[]>
  /** Replaces what is there; a window that a larger fence has written is left as it is. */
  write(rollup: string, windows: readonly Window[], sums: readonly number[], fence: number): Promise<void>
  /** What is held, by the start of the window; no sum of 0. */
  held(rollup: string): Promise<ReadonlyMap<number, number>>
  tell(refresh: RefreshTold): Promise<void>
  refreshes(): Promise<readonly RefreshTold[]>
  close(): Promise<void>
}

/** Half-open. */
export interface Window {
  readonly start: number
  readonly end: number
}

const WRITE = `for i = 2, #ARGV, 2 do
  local kept = tonumber(redis.call('HGET', KEYS[1] .. ':fences', ARGV[i]) or 0)
  if kept <= tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1] .. ':fences', ARGV[i], ARGV[1])
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end`

export async function openSums({ url, key }: SumsPlace): Promise<Sums> {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  return {
    add: async (instants) => void (await client.rPush(`${key}:events`, instants.map(String))),
    async recompute(windows) {
      const events = (await client.lRange(`${key}:events`, 0, -1)).map(Number)
      return windows.map(({ start, end }) => events.filter((at) => at >= start && at < end).length)
    },
    async write(rollup, windows, sums, fence) {
      const told = windows.flatMap(({ start }, index) => [String(start), String(sums[index] ?? 0)])
      await client.eval(WRITE, { keys: [`${key}:${rollup}`], arguments: [String(fence), ...told] })
    },
    async held(rollup) {
      const found = Object.entries(await client.hGetAll(`${key}:${rollup}`))
      return new Map(found.map(([start, sum]) => [Number(start), Number(sum)] as const).filter(([, sum]) => sum > 0))
    },
    tell: async (refresh) => void (await client.rPush(`${key}:refreshes`, JSON.stringify(refresh))),
    refreshes: async () => (await client.lRange(`${key}:refreshes`, 0, -1)).map((text) => JSON.parse(text) as RefreshTold),
    async close() {
      client.destroy()
    },
  }
}
