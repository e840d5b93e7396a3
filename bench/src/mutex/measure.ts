/** Acquires and releases mutexes again and again, each caller its own: `measure.ts <peer> <callers> <seconds> <url>`. */
import { machineMs } from '../replica.ts'
import { connectLocker } from './lockers.ts'

const [name = '', callersText = '1', secondsText = '0', url = ''] = process.argv.slice(2)
const callers = Number(callersText)
const WARM_MS = 500

const takeAndRelease = await connectLocker(name, url)
await loop(WARM_MS)
console.log(JSON.stringify({ locksPerS: await loop(1_000 * Number(secondsText)) }))
process.exit(0)

async function loop(ms: number): Promise<number> {
  const startedAt = machineMs()
  let pairs = 0
  const call = async (lock: string): Promise<void> => {
    while (machineMs() - startedAt < ms) {
      await takeAndRelease(lock)
      pairs++
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, index) => call(`bench${index}`)))
  return (1_000 * pairs) / (machineMs() - startedAt)
}
