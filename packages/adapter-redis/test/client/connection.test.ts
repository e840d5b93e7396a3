/** Waiting for a connection, on a fake clock. */
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectionOf, type ConnectionState } from '../../src/client/connection.ts'
import { PATIENCE_WITHOUT_CONNECTION_MS } from '../../src/client/limits.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function createClient() {
  const emitter = new EventEmitter()
  const client = Object.assign(emitter, { state: 'ready' as ConnectionState })
  return { client, connection: connectionOf(client, () => client.state) }
}

describe('a connection', () => {
  it('that is there is not waited for', () => {
    expect(createClient().connection.ready()).toBeNull()
  })

  it('that is over is not waited for either: the client says so itself', () => {
    const { client, connection } = createClient()
    client.state = 'over'
    expect(connection.ready()).toBeNull()
  })

  it('that comes in time lets all go on who waited, with one timer for them', async () => {
    const { client, connection } = createClient()
    client.state = 'coming'
    const waits = [connection.ready(), connection.ready(), connection.ready()]
    expect(vi.getTimerCount()).toBe(1)
    client.state = 'ready'
    client.emit('ready')
    await Promise.all(waits)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that does not come fails with what the client said last, and then at once, until it comes', async () => {
    const { client, connection } = createClient()
    client.state = 'coming'
    const wait = expect(connection.ready()).rejects.toThrow('no connection (connect ECONNREFUSED)')
    client.emit('error', new Error('connect ECONNREFUSED'))
    await vi.advanceTimersByTimeAsync(PATIENCE_WITHOUT_CONNECTION_MS)
    await wait
    await expect(connection.ready()).rejects.toMatchObject({ cause: { message: 'connect ECONNREFUSED' } })
    client.state = 'ready'
    client.emit('ready')
    client.state = 'coming'
    const again = expect(connection.ready()).rejects.toThrow(/^no connection$/)
    await vi.advanceTimersByTimeAsync(PATIENCE_WITHOUT_CONNECTION_MS)
    await again
  })

  it('that is ended meanwhile is not waited for any longer', async () => {
    const { client, connection } = createClient()
    client.state = 'coming'
    const wait = connection.ready()
    client.state = 'over'
    client.emit('end')
    await wait
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is watched once, however many stores use it', () => {
    const { client, connection } = createClient()
    expect(connectionOf(client, () => 'over')).toBe(connection)
    expect(client.listenerCount('error')).toBe(1)
  })
})
