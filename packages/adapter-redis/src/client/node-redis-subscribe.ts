/** Hearing a channel by way of `redis` (node-redis). */
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import { createLostOnce } from './lost-once.ts'
import type { NodeRedisSentinel, NodeRedisSingle } from './node-redis-shape.ts'
import type { ChannelListener, Unsubscribe } from './redis-client.ts'

/** On a connection like that of `client`, which stays as it is. It is not made again when it breaks: whoever asked for it is told. */
export async function subscribeOn(client: NodeRedisSingle, channel: string, listener: ChannelListener): Promise<Unsubscribe> {
  const own = client.duplicate({
    socket: { ...client.options?.socket, reconnectStrategy: false },
    // Belong to the connection that was copied.
    clientSideCache: undefined,
    pingInterval: undefined,
  })
  const { lose, begin, end } = createLostOnce(listener, () => own.destroy())
  let heartbeat: Heartbeat | null = null
  const hear = (message: string): void => {
    heartbeat?.heard()
    listener.onMessage(message)
  }
  own.on('error', lose)
  own.on('end', () => lose(new Error('the connection was closed')))
  try {
    await begin(async () => {
      await own.connect()
      own.unref()
      await own.subscribe(channel, hear)
    })
  } catch (error) {
    await end()
    throw error
  }
  heartbeat = startHeartbeat(() => own.ping(), lose)
  return async () => {
    heartbeat?.stop()
    await end()
  }
}

/** A sentinel client keeps a connection for channels by itself, and moves it along with the primary. */
export async function subscribeBySentinel(sentinel: NodeRedisSentinel, channel: string, listener: ChannelListener): Promise<Unsubscribe> {
  // Its listeners are told apart by identity.
  const hear = (message: string): void => listener.onMessage(message)
  const { lose, begin, end } = createLostOnce(listener, () => sentinel.unsubscribe(channel, hear))
  const events = sentinel as Partial<Record<'removeListener', (event: string, heard: unknown) => void>>
  const onChange = (event: unknown): void => {
    if ((event as { readonly type?: unknown }).type === 'MASTER_CHANGE') lose(new Error('the primary has changed'))
  }
  sentinel.on('topology-change', onChange)
  try {
    await begin(() => sentinel.subscribe(channel, hear))
  } catch (error) {
    events.removeListener?.('topology-change', onChange)
    await end()
    throw error
  }
  return async () => {
    events.removeListener?.('topology-change', onChange)
    await end()
  }
}
