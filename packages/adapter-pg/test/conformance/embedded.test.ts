/** The suite on Postgres 18. */
import { startPostgres } from '../servers/postgres.ts'
import { conform, POSTGRES_CAPABILITIES } from './conform.ts'
import { nodePgBackend } from './node-pg-backend.ts'

conform({
  open: async () => {
    const server = await startPostgres({ version: 'embedded' })
    return nodePgBackend(server.poolSettings, () => server.close())
  },
  capabilities: POSTGRES_CAPABILITIES,
})
