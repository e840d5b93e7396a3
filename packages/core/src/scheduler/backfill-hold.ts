/** A hold on a backfill: how far it is, its control, its end. */
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { EnqueueRequest } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import type { BackfillRecord } from '../store/window-records.ts'
import { type Clock, sleep } from '../time/clock.ts'
import { parseDuration } from '../time/duration.ts'
import { windowsOf } from '../trigger/marker.ts'
import { progressOf } from '../rollup/backfill-progress.ts'
import type { Backfill, BackfillView } from './rollups.ts'

/** It is a matter of minutes: polling is good enough. */
const FIRST_POLL_MS = 100
const LONGEST_POLL_MS = 2_000

export interface HoldDeps {
  readonly clock: Clock
  readonly call: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
  readonly storeNow: () => Promise<number>
  /** The runs that are to go on with it. */
  readonly runsOf: (record: BackfillRecord) => readonly EnqueueRequest[]
  /** There is work. */
  readonly stir: () => void
}

/** The newest record, shown. Throws `UnknownBackfill`. */
export function holdBackfill({ id, rollup }: Pick<BackfillRecord, 'id' | 'rollup'>, deps: HoldDeps): Backfill {
  const { call, clock } = deps
  const read = async (): Promise<BackfillRecord> => (await readBackfill(id, call)).record
  const progress = async (): Promise<BackfillView> => {
    const [record, now] = await Promise.all([read(), deps.storeNow()])
    return showBackfill(record, now)
  }
  const control = async (action: 'pause' | 'resume' | 'cancel', reason: string | null): Promise<boolean> => {
    const enqueue = action === 'resume' ? deps.runsOf(await read()) : []
    const { changed } = await call('windows.backfills.control', (store) =>
      windowsOf(store).backfills.control({ controls: [{ id, action, reason, enqueue }] }),
    )
    deps.stir()
    return changed[0] === true
  }
  return Object.freeze({
    id,
    rollup,
    progress,
    pause: (reason) => control('pause', checkReason(reason, 'pause')),
    resume: () => control('resume', null),
    cancel: (reason) => control('cancel', checkReason(reason, 'cancel')),
    async finished(options = {}) {
      checkNames(options, ['timeout', 'signal', 'onProgress'], 'finished')
      const { timeout, signal, onProgress } = options
      const until = timeout === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + parseDuration(timeout, 'finished: timeout')
      let told = ''
      for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)) {
        signal?.throwIfAborted()
        const now = await progress()
        const text = `${now.state} ${now.share} ${now.done} ${now.failed}`
        if (text !== told) onProgress?.(now)
        told = text
        if (now.state === 'finished' || now.state === 'cancelled') return now
        const left = until - clock.monotonic()
        if (left <= 0) {
          throw new QuarterjackError(
            'WaitTimedOut',
            `backfill ${id} of rollup "${rollup}" did not end in time; it is ${now.state} and goes on. Wait longer, or cancel it.`,
          )
        }
        await sleep(clock, Math.min(pollMs, left), signal)
      }
    },
  } satisfies Backfill)
}

/** Throws `UnknownBackfill`. */
export async function readBackfill(id: string, call: HoldDeps['call']): Promise<{ readonly record: BackfillRecord }> {
  if (typeof id !== 'string' || id === '') {
    throw new QuarterjackError('InvalidOption', `backfill: ${shown(id)} is not the id of a backfill.`)
  }
  const { backfills } = await call('windows.backfills.get', (store) => windowsOf(store).backfills.get({ ids: [id] }))
  const record = backfills[0] ?? null
  if (record !== null) return { record }
  throw new QuarterjackError('UnknownBackfill', `the store knows no backfill ${shown(id)}: list them with scheduler.rollups.backfills().`)
}

/** A record as it is shown. */
export function showBackfill(record: BackfillRecord, now: number): BackfillView {
  const { id, rollup, state, reason, select, order, concurrency, windows } = record
  return {
    id,
    rollup,
    state,
    reason,
    from: new Date(record.from),
    to: new Date(record.to),
    select,
    order,
    concurrency,
    windows,
    ...progressOf(record, now),
    createdAt: new Date(record.createdAt),
    finishedAt: record.finishedAt === null ? null : new Date(record.finishedAt),
  }
}

function checkReason(reason: unknown, verb: string): string | null {
  if (reason === undefined || typeof reason === 'string') return reason ?? null
  throw new QuarterjackError('InvalidOption', `${verb}: reason: ${shown(reason)} is not a text.`)
}
