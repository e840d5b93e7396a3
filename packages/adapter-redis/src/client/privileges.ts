/** What the user of a Redis connection must be allowed to do. */
import { keyOf } from './key-space.ts'

/** Commands of the store: those that it sends, and those that its scripts call. */
export const COMMANDS: readonly string[] = [
  'evalsha',
  'eval',
  'time',
  'hget',
  'hset',
  'hmget',
  'hdel',
  'hincrby',
  'hsetnx',
  'hexists',
  'hkeys',
  'hvals',
  'hscan',
  'zadd',
  'zrem',
  'zrange',
  'zrangebylex',
  'zrevrangebylex',
  'zrangebyscore',
  'zcard',
  'zcount',
  'zlexcount',
  'zremrangebyrank',
  'hlen',
  'publish',
  'subscribe',
  'info',
  'config|get',
]

/** Rules as `ACL SETUSER` takes them, for a user that has none yet. */
export function aclRules(prefix: string): string {
  return [`~${keyOf(prefix, '*')}`, `&${keyOf(prefix, '*')}`, ...COMMANDS.map((command) => `+${command}`)].join(' ')
}
