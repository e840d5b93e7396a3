/** Runs the companion API: `BACKFILL_API_KEY` is required; `API_PORT`, `API_HOST` and `API_JOURNAL` are optional. */
import { z } from 'zod'
import { startApi } from './start-api.ts'

const parsed = z
  .object({
    BACKFILL_API_KEY: z.string({ error: 'Set it to the key that callers must send' }).min(1, 'Set it to the key that callers must send'),
    API_PORT: z.coerce.number().int().min(0).max(65_535).default(8003),
    API_HOST: z.string().default('127.0.0.1'),
    API_JOURNAL: z.string().optional(),
  })
  .safeParse(process.env)

if (parsed.success) {
  const { BACKFILL_API_KEY: apiKey, API_PORT: port, API_HOST: host, API_JOURNAL: journal } = parsed.data
  const api = await startApi({ apiKey, port, host, ...(journal !== undefined && { journal }) })
  console.log(`Feedback API listening on ${api.url}`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void api.close())
} else {
  console.error(z.prettifyError(parsed.error))
  process.exitCode = 2
}
