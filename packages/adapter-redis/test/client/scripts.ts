/** Scripts that tests run. */
import { createHash } from 'node:crypto'
import type { Script } from '../../src/client/redis-client.ts'

/** A script of this text. */
export function scriptOf(source: string): Script {
  return { name: 'test', source, sha: createHash('sha1').update(source).digest('hex') }
}

/** Everything that scripts of the store answer with. */
export const ECHO: Script = scriptOf(`return { 7, 'text', false, { 1, { KEYS[1], ARGV[1] } }, {}, '' }`)

/** Writes. */
export const WRITE: Script = scriptOf(`return redis.call('HSET', KEYS[1], 'field', ARGV[1])`)
