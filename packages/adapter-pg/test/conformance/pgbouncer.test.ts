/** The suite by way of PgBouncer in transaction mode: nothing may rest on the session. */
import { startPgbouncer } from '../servers/pgbouncer.ts'
import { startPostgres } from '../servers/postgres.ts'
import { conform, POSTGRES_CAPABILITIES } from './conform.ts'
import { nodePgBackend } from './node-pg-backend.ts'

conform({
  open: async () => {
    const server = await startPostgres()
    const bouncer = await startPgbouncer({ url: server.url, poolSize: 4 })
    return nodePgBackend(bouncer.through(server.url).poolSettings, async () => {
      await bouncer.close()
      await server.close()
    })
  },
  capabilities: POSTGRES_CAPABILITIES,
})
