/** A tick beside many schedules that are not due. */
import { at, every } from '@quarterjack/core'
import { quantile, type Sample } from '../figure.ts'
import { machineMs } from '../pg/replica.ts'
import { tenants } from './peers.ts'

const DUE = 10
const DUE_EVERY_MS = 100

export async function stored(url: string, count: number, ticks: number): Promise<Sample> {
  const { scheduler, job, pool } = tenants(url)
  await scheduler.schedules.setMany(job, [
    ...Array.from({ length: DUE }, (_, index) => ({ key: `due${index}`, schedule: every(DUE_EVERY_MS) })),
    { key: 'far', schedule: at(new Date(Date.now() + 30 * 86_400_000)) },
  ])
  await multiply(count)
  const times: number[] = []
  for (let tick = 0; tick < ticks + 3; tick++) {
    await new Promise((resolve) => setTimeout(resolve, 2 * DUE_EVERY_MS))
    const startedAt = machineMs()
    const { fired } = await scheduler.tick()
    if (fired < DUE) throw new Error(`a tick fired ${fired} of ${DUE} schedules`)
    if (tick >= 3) times.push(machineMs() - startedAt)
  }
  return { tickMs: quantile(times, 0.5) }

  /** As `setMany` would write them, in a fraction of the time. */
  async function multiply(copies: number): Promise<void> {
    const { rows } = await pool.query<{ names: string }>(
      `select string_agg(quote_ident(column_name), ', ') as names from information_schema.columns
       where table_schema = 'quarterjack' and table_name = 'schedules' and column_name not in ('id', 'name', 'key', 'incarnation')`,
    )
    const names = rows[0]?.names ?? ''
    await pool.query(
      `insert into quarterjack.schedules (name, key, incarnation, ${names})
       select name || n, key || n, incarnation || n, ${names} from quarterjack.schedules, generate_series(1, $1::int) n where name = 'far'`,
      [copies],
    )
  }
}
