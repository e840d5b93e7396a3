/** Tables for people. */
import { arch, cpus, totalmem } from 'node:os'
import type { Figure } from './figure.ts'

/** What was measured on. */
export function machineLine(): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'} (${arch()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
}

/** A table per configuration and metric, our ratio to the best peer behind it. */
export function printFigures(figures: readonly Figure[]): void {
  const groups = Map.groupBy(figures, (figure) => `${figure.config}\u0000${figure.metric}`)
  let config = ''
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    if (first.config !== config) console.log(`\n  ${first.config}`)
    config = first.config
    const cells = group.map(
      (figure) => `${figure.peer} ${format(figure.median)}${figure.rounds > 1 ? ` [${format(figure.min)}–${format(figure.max)}]` : ''}`,
    )
    console.log(`    ${`${first.metric} (${first.unit})`.padEnd(28)} ${cells.join('  ·  ')}`)
  }
}

function format(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
