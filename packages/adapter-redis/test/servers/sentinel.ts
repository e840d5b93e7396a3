/** A private primary with a replica, and a sentinel that watches over both. */
import { until } from '@quarterjack/fault-kit/poll'
import { type RedisServer, startRedis } from './redis.ts'
import { type ReplicatedServers, startReplicated } from './replica.ts'

/** What the sentinel calls its primary. */
export const PRIMARY_NAME = 'jobs'

/** All three. */
export interface SentinelServers extends AsyncDisposable {
  readonly servers: ReplicatedServers
  readonly sentinel: RedisServer
  /** Makes the replica the primary, and the primary its replica. */
  failOver(): Promise<void>
  close(): Promise<void>
}

/** Starts them. One sentinel decides alone. */
export async function startSentinel(): Promise<SentinelServers> {
  const servers = await startReplicated()
  const { primary, replica } = servers
  const sentinel = await startRedis({
    isSentinel: true,
    config: [
      `sentinel monitor ${PRIMARY_NAME} ${primary.host} ${primary.port} 1`,
      `sentinel down-after-milliseconds ${PRIMARY_NAME} 1000`,
      `sentinel failover-timeout ${PRIMARY_NAME} 5000`,
    ],
  }).catch(async (error: unknown) => {
    await servers.close()
    throw error
  })
  const all: SentinelServers = {
    servers,
    sentinel,
    async failOver() {
      await until('the sentinel knows the replica', async () => {
        const answer = await sentinel.ask('SENTINEL', 'FAILOVER', PRIMARY_NAME).catch((error: unknown) => error)
        return answer === 'OK'
      })
      // The sentinel cuts connections to both.
      const roleOf = async (): Promise<string> => String(await replica.ask('INFO', 'replication').catch(() => ''))
      await until('the replica is the primary', async () => /role:master/.test(await roleOf()))
    },
    async close() {
      await sentinel.close()
      await servers.close()
    },
    [Symbol.asyncDispose]: () => all.close(),
  }
  return all
}
