/** A server as it was before: what a replica that lags behind has. */
import { createClient, RESP_TYPES } from 'redis'
import type { RedisServer } from '../servers/redis.ts'

export type Kept = readonly (readonly [string, Buffer])[]

/** Every key of the server as it is now. */
export async function keep(server: RedisServer): Promise<Kept> {
  const client = createClient({ url: server.url })
  await client.connect()
  try {
    const keys = await client.keys('*')
    const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    // Sent in one go: the server carries them out without anything in between.
    const dumps = await Promise.all(keys.map((key) => binary.sendCommand<Buffer>(['DUMP', key])))
    return keys.map((key, index) => [key, dumps[index] as Buffer] as const)
  } finally {
    client.destroy()
  }
}

export async function setBack(server: RedisServer, kept: Kept): Promise<void> {
  const client = createClient({ url: server.url })
  await client.connect()
  try {
    let replies = client.multi().addCommand(['FLUSHALL'])
    for (const [key, dump] of kept) replies = replies.addCommand(['RESTORE', key, '0', dump])
    await replies.exec()
  } finally {
    client.destroy()
  }
}
