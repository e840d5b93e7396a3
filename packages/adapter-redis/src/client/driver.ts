/** A user's client as the store speaks to it: scripts under its prefix, and coded errors. */
import { codedError } from './coded-errors.ts'
import type { ChannelListener, RedisClient, Reply, Script, Unsubscribe } from './redis-client.ts'

/** Everything that reaches the server goes through here. Whatever throws has a code. */
export interface Driver {
  /** Runs a script. `what` is the verb, for errors: `runs.claim`. */
  run(what: string, script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply>
  /** Any other command, without keys. */
  command(what: string, args: readonly string[]): Promise<Reply>
  /** Null where the client has no way to hear a channel. */
  readonly subscribe: ((channel: string, listener: ChannelListener) => Promise<Unsubscribe>) | null
  close(): Promise<void>
}

/** Who speaks, and under which prefix. */
export interface DriverOptions {
  /** The store's name. */
  readonly store: string
  readonly prefix: string
}

export function createDriver(client: RedisClient, { store, prefix }: DriverOptions): Driver {
  const coded = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      throw codedError(error, { store, prefix, what })
    }
  }

  const { subscribe } = client
  return {
    run: (what, script, keys, args) => coded(what, () => client.run(script, keys, args)),
    command: (what, args) => coded(what, () => client.command(args)),
    subscribe: subscribe === null ? null : (channel, listener) => coded('subscribe', () => subscribe(channel, listener)),
    close: () => client.close(),
  }
}
