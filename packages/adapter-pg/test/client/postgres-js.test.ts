/** What is special to postgres.js. */
import { until } from '@quarterjack/fault-kit/poll'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDriver } from '../../src/client/driver.ts'
import { createPostgresJsClient } from '../../src/client/postgres-js.ts'
import { startPgbouncer } from '../servers/pgbouncer.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
  const sql = postgres(server.url)
  await sql.unsafe(`create function public.echo(p json) returns json language sql as 'select p'`)
  await sql.end()
})
afterAll(() => server.close())

describe('postgres.js', () => {
  it('lets urgent calls past the transactions of the user, by the connection on which it listens', async () => {
    const sql = postgres(server.url, { max: 1 })
    const driver = createDriver(createPostgresJsClient(sql), { store: 'pg', schema: 'public' })
    const unlisten = await driver.listen?.('c', { onListening: () => undefined, onMessage: () => undefined, onLost: () => undefined })
    await sql.begin(async () => {
      expect(await driver.call('echo', { n: 1 }, { isUrgent: true })).toEqual({ n: 1 })
    })
    await unlisten?.()
    await sql.end()
    await expect(driver.call('echo', {})).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/client was ended/),
    })
  })

  it('quotes rightly where backslashes are escapes everywhere', async () => {
    const sql = postgres(server.url, { max: 1, connection: { standard_conforming_strings: 'off' } })
    const driver = createDriver(createPostgresJsClient(sql), { store: 'pg', schema: 'public' })
    const request = { text: `\\'; drop function echo; -- "\\\\` }
    expect(await driver.call('echo', request)).toEqual(request)
    await sql.end()
  })

  it('goes on after the server came back, urgent calls as well', async () => {
    const sql = postgres(server.url, { max: 2 })
    const driver = createDriver(createPostgresJsClient(sql), { store: 'pg', schema: 'public' })
    await driver.listen?.('c', { onListening: () => undefined, onMessage: () => undefined, onLost: () => undefined })
    await driver.call('echo', {}, { isUrgent: true })
    await server.restart()
    for (const isUrgent of [true, false]) {
      await until('it answers', () =>
        driver.call('echo', {}, { isUrgent }).then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ code: 'StoreUnavailable' })
            return false
          },
        ),
      )
    }
    await sql.end()
  })

  it('loses no call behind a pooler that hands sessions around', async () => {
    await using bouncer = await startPgbouncer({ url: server.url, poolSize: 2 })
    const sql = postgres(bouncer.through(server.url).url, { max: 8 })
    const driver = createDriver(createPostgresJsClient(sql), { store: 'pg', schema: 'public' })
    for (let round = 0; round < 5; round++) {
      const asked = Array.from({ length: 40 }, (_, n) => ({ n }))
      expect(await Promise.all(asked.map((request) => driver.call('echo', request)))).toEqual(asked)
    }
    await sql.end()
  })
})
