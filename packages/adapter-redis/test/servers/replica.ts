/** A private primary with a replica. */
import { until } from '@quarterjack/fault-kit/poll'
import { type RedisServer, type RedisServerOptions, startRedis } from './redis.ts'

/** Both. */
export interface ReplicatedServers extends AsyncDisposable {
  readonly primary: RedisServer
  readonly replica: RedisServer
  /** All that the primary has is on the replica, too. */
  caughtUp(): Promise<void>
  /** The replica takes writes from now on; what the primary had not passed on is lost to it. The former primary stays as it is. */
  promote(): Promise<void>
  close(): Promise<void>
}

/** Starts both, with the same options. */
export async function startReplicated({ config = [], ...options }: RedisServerOptions = {}): Promise<ReplicatedServers> {
  const primary = await startRedis({ ...options, config: ['repl-diskless-sync-delay 0', ...config] })
  const auth = options.password === undefined ? [] : [`masterauth "${options.password}"`]
  const following = [`replicaof ${primary.host} ${primary.port}`, ...auth]
  const replica = await startRedis({ ...options, config: [...following, ...config] }).catch(async (error: unknown) => {
    await primary.close()
    throw error
  })
  const isLinked = async (): Promise<boolean> => /master_link_status:up/.test(String(await replica.ask('INFO', 'replication')))
  const offsetOf = async (server: RedisServer): Promise<string | undefined> =>
    /(?:master|slave)_repl_offset:(\d+)/.exec(String(await server.ask('INFO', 'replication')))?.[1]

  const servers: ReplicatedServers = {
    primary,
    replica,
    caughtUp: () =>
      until('the replica has caught up', async () => (await isLinked()) && (await offsetOf(primary)) === (await offsetOf(replica))),
    promote: async () => void (await replica.ask('REPLICAOF', 'NO', 'ONE')),
    async close() {
      await Promise.all([primary.close(), replica.close()])
    },
    [Symbol.asyncDispose]: () => servers.close(),
  }
  try {
    await until('the replica follows', isLinked)
    return servers
  } catch (error) {
    await servers.close()
    throw error
  }
}
