/**
 * A process that takes a mutex again and again: `fork(…, [JSON of LockPlan])`. While it holds it, it notes so in a table of
 * the test's own, under its fence.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { pgStore } from '@quarterjack/adapter-pg'
import { createMutex, QuarterjackError } from '@quarterjack/core'
import { Pool } from 'pg'

/** What it is told. */
export interface LockPlan {
  readonly name: string
  readonly url: string
  readonly leaseMs: number
  readonly holdMs: number
}

const plan = JSON.parse(process.argv[2] ?? '') as LockPlan
const pool = new Pool({ connectionString: plan.url, max: 2 })
// What it notes must not suffer from what the mutex suffers from, nor the other way round.
const notes = new Pool({ connectionString: plan.url, max: 1 })
const mutex = createMutex(pgStore({ pool }), 'door', { lease: plan.leaseMs })
const BEARABLE: readonly string[] = ['LeaseLost', 'StoreUnavailable', 'StoreTimedOut']
let isOver = false

notes.on('error', () => undefined)

process.on('disconnect', () => process.exit(1))
process.on('message', () => {
  isOver = true
})
process.send?.('ready')

/** Something that the lock protects, and that keeps late holders out by their fence. */
const guardedWrite = async (fence: number): Promise<boolean> =>
  (await notes.query('update guarded set fence = $1, by = $2 where fence <= $1', [fence, plan.name])).rowCount === 1

while (!isOver) {
  const askedAt = Date.now()
  try {
    await mutex.withLock(async ({ fence, signal }) => {
      await guardedWrite(fence)
      await notes.query('insert into holds (fence, holder, asked_at) values ($1, $2, to_timestamp($3 / 1000.0))', [
        fence,
        plan.name,
        askedAt,
      ])
      await sleep(plan.holdMs, undefined, { signal }).catch(() => undefined)
      const wrote = await guardedWrite(fence)
      await notes.query('update holds set ended_at = clock_timestamp(), told = $2, wrote = $3 where fence = $1', [
        fence,
        signal.aborted,
        wrote,
      ])
    })
  } catch (error) {
    // Without a code it is the notes', whose server was away as well.
    if (QuarterjackError.isInstance(error) && !BEARABLE.includes(error.code)) throw error
    await sleep(50)
  }
}
await Promise.all([pool.end(), notes.end()])
process.exit(0)
