/** Backfills as people read them. */
import type { BackfillView } from '../scheduler/rollups.ts'
import { formatCount, formatElapsed, formatInstant } from './format.ts'
import type { Column } from './table.ts'

const BAR_CELLS = 24

/** `[█████░░░░]  41 %  120 of 290 windows, 12 failed  35/s  4 s left`. */
export function backfillLine(progress: BackfillView): string {
  const { share, done, failed, total, isEstimated, perSecond, remainingMs } = progress
  const filled = Math.round(share * BAR_CELLS)
  return [
    `[${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}]`,
    `${Math.floor(share * 100)} %`,
    `${done} of ${isEstimated ? 'about ' : ''}${formatCount(total, 'window')}${failed === 0 ? '' : `, ${failed} failed`}`,
    ...(perSecond === null ? [] : [`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`]),
    ...(remainingMs === null || progress.state !== 'running' ? [] : [`${formatElapsed(remainingMs)} left`]),
  ].join('  ')
}

export const BACKFILL_COLUMNS: readonly Column<BackfillView>[] = [
  { title: 'BACKFILL', value: (one) => one.id },
  { title: 'ROLLUP', value: (one) => one.rollup, flex: true },
  { title: 'STATE', value: (one) => (one.reason === null ? one.state : `${one.state}: ${one.reason}`), flex: true },
  { title: 'FROM', value: (one) => formatInstant(one.from) },
  { title: 'TO', value: (one) => formatInstant(one.to) },
  { title: 'DONE', value: (one) => `${one.done}/${one.total}`, align: 'right' },
  { title: 'FAILED', value: (one) => (one.failed > 0 ? String(one.failed) : ''), align: 'right', optional: true },
  { title: 'LEFT', value: (one) => (one.state === 'running' ? formatElapsed(one.remainingMs) : ''), align: 'right', optional: true },
]
