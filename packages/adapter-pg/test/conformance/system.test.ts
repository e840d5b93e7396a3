/** The suite on the Postgres of the system, or on the server that DATABASE_URL names. */
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import { conform, POSTGRES_CAPABILITIES } from './conform.ts'
import { nodePgBackend } from './node-pg-backend.ts'

conform({
  open: async () => {
    const server = await obtainPostgres()
    const database = await server.createDatabase()
    return nodePgBackend(database.poolSettings, async () => {
      await database.drop()
      await server.close()
    })
  },
  capabilities: POSTGRES_CAPABILITIES,
})
