/** The little that bare contenders ask of a client: scripts by their hash, commands, one channel. */
import { type ClientName, connectIoRedis, connectNodeRedis } from './clients.ts'

/** A script that the server holds. */
export type RunScript = (keys: readonly string[], args: readonly string[]) => Promise<unknown>

export interface ScriptClient {
  load(source: string): Promise<RunScript>
  command(name: string, ...args: readonly string[]): Promise<unknown>
  /** Over a connection of its own. */
  subscribe(channel: string, onMessage: () => void): Promise<void>
  end(): void
}

export function connectScriptClient(url: string, name: ClientName): Promise<ScriptClient> {
  return name === 'redis' ? overNodeRedis(url) : overIoRedis(url)
}

async function overNodeRedis(url: string): Promise<ScriptClient> {
  const client = await connectNodeRedis(url)
  const listener = client.duplicate()
  return {
    async load(source) {
      const sha = await client.scriptLoad(source)
      return (keys, args) => client.evalSha(sha, { keys: [...keys], arguments: [...args] })
    },
    command: (...words) => client.sendCommand(words),
    async subscribe(channel, onMessage) {
      await listener.connect()
      await listener.subscribe(channel, onMessage)
    },
    end() {
      client.destroy()
      if (listener.isOpen) listener.destroy()
    },
  }
}

async function overIoRedis(url: string): Promise<ScriptClient> {
  const client = await connectIoRedis(url)
  const listener = client.duplicate({ lazyConnect: true })
  return {
    async load(source) {
      const sha = String(await client.script('LOAD', source))
      return (keys, args) => client.evalsha(sha, keys.length, ...keys, ...args)
    },
    command: (name, ...args) => client.call(name, ...args),
    async subscribe(channel, onMessage) {
      listener.on('message', onMessage)
      await listener.subscribe(channel)
    },
    end() {
      client.disconnect()
      listener.disconnect()
    },
  }
}
