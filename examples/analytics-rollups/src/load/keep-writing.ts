/** A load that goes on: new rows each second, some of them days late, some changed, until it is told to end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queries } from '../db/queries.ts'
import { DAY_MS } from '../db/time.ts'
import type { CalculationLog } from '../service/calculation-log.ts'
import { createDice } from './dice.ts'
import { generateLoad } from './generate.ts'
import { writeSpans } from './write-rows.ts'

export interface LoadTarget {
  readonly db: Queries
  readonly calculations: Pick<CalculationLog, 'log'>
}

const EVERY_MS = 1_000

export async function keepWriting({ db, calculations }: LoadTarget, signal: AbortSignal): Promise<void> {
  const dice = createDice(3)
  for (let turn = 1; !signal.aborted; turn += 1) {
    const now = Date.now()
    const { spans, calculations: made } = generateLoad({
      seed: turn,
      from: now - EVERY_MS * 30,
      to: now,
      executionsPerHour: 200,
      calculationsPerHour: 400,
    })
    const shift = (at: number): number => (dice.next() < 0.1 ? at - dice.whole(0, 5 * DAY_MS) : at)
    await writeSpans(
      db,
      spans.map((span) => ({ ...span, spanId: `${turn}-${span.spanId}`, startedAt: shift(span.startedAt) })),
    )
    for (const one of made) calculations.log({ ...one, id: `${turn}-${one.id}`, createdAt: shift(one.createdAt) })
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}
