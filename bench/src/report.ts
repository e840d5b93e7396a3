/** Tables for people. */
import { arch, cpus, totalmem } from 'node:os'
import { BARE, type Figure, isGain, isPeer } from './figure.ts'
import type { Contender } from './scenario.ts'

/** What was measured on. */
export function machineLine(): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'} (${arch()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
}

/** How each peer is set up, once. */
export function printSetUps(contenders: readonly Contender[]): void {
  const lines = contenders.flatMap(({ peer, version, setUp }) => (setUp === undefined ? [] : [`  ${peer} ${version}: ${setUp}`]))
  for (const line of new Set(lines)) console.log(line)
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
    const ratios = ratiosOf(group)
    console.log(`    ${`${first.metric} (${first.unit})`.padEnd(28)} ${cells.join('  ·  ')}${ratios === '' ? '' : `   → ${ratios}`}`)
  }
}

/** Of our median to the best peer's, and to what the statements alone take. */
function ratiosOf(group: readonly Figure[]): string {
  const ours = group.find(({ peer }) => peer === 'quarterjack')
  const peers = group.filter(({ peer }) => isPeer(peer))
  const best = peers.toSorted((a, b) => (isGain(a.metric) ? b.median - a.median : a.median - b.median))[0]
  const others = [best, group.find(({ peer }) => peer === BARE)]
  return others
    .flatMap((other) =>
      ours === undefined || other === undefined || other.median === 0 ? [] : [`${(ours.median / other.median).toFixed(2)} × ${other.peer}`],
    )
    .join(', ')
}

function format(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
