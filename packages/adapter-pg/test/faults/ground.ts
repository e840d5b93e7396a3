/** Postgres, for the suites of faults. */
import type { Ground } from '@quarterjack/fault-kit/ground'
import { startPostgres, type PostgresOptions } from '../servers/postgres.ts'
import { createPgSite } from './site.ts'

/** By default one on which what is committed survives a crash. */
export function postgresGround(options: PostgresOptions = { durable: true }): Ground {
  return {
    name: 'Postgres',
    async startServer() {
      const server = await startPostgres(options)
      return {
        createSite: (jobs) => createPgSite(server, jobs),
        crash: () => server.stop('immediate'),
        start: () => server.start(),
        [Symbol.asyncDispose]: () => server.close(),
      }
    },
  }
}
