/** What the rest of the package asks of a Redis client, whichever it is. The seams of this folder implement it. */

/** What scripts answer: no booleans, fractions or maps, which clients and protocols read differently. */
export type Reply = number | string | null | readonly Reply[]

/** Lua, and the SHA-1 that servers know it by. */
export interface Script {
  readonly name: string
  readonly source: string
  readonly sha: string
}

/** Where the news of a channel go. */
export interface ChannelListener {
  readonly onMessage: (message: string) => void
  /** The connection is gone; nothing more is heard from this subscription. Once, and never before it began. */
  readonly onLost: (error: unknown) => void
}

/** Ends a subscription, and the connection that it had. */
export type Unsubscribe = () => Promise<void>

/** A user's client behind its seam. Whatever it throws is the client's or the server's own error. */
export interface RedisClient {
  readonly kind: 'node-redis' | 'ioredis'
  /** One script by its hash, in one round trip; with its text where the server does not know it yet. */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply>
  /** Any other command, without keys. On a cluster it goes to the node that holds the store's keys. Maps come as flat lists. */
  command(args: readonly string[]): Promise<Reply>
  /** Hears a channel on a connection apart; null where the client has no way to open one. */
  readonly subscribe: ((channel: string, listener: ChannelListener) => Promise<Unsubscribe>) | null
  /** Frees what the seam opened itself. The user's client stays open. */
  close(): Promise<void>
}
