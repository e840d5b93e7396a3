/** Commands of a Redis, per minute. */
import { countCommands } from '../redis/count-commands.ts'
import type { ReadTotals } from './totals.ts'

export async function redisTotals(url: string): Promise<ReadTotals> {
  const count = await countCommands(url)
  return async () => {
    const { sent, executed } = await count()
    return { commandsPerMin: 60 * sent, executedPerMin: 60 * executed }
  }
}
