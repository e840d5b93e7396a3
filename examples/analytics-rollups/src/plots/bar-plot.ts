/** One plot as SVG: a bar for what the rollup has, a dot for what the raw rows say. Pure. */
import { dayOf, DAY_MS } from '../db/time.ts'
import type { Plot, Point } from './read-plots.ts'

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [560, 200, 44, 24, 12]

export function barPlot({ title, unit, points }: Plot): string {
  const most = Math.max(1e-9, ...points.map(({ rolledUp, raw }) => Math.max(rolledUp, raw)))
  const step = (WIDTH - LEFT) / Math.max(1, points.length)
  const y = (value: number): number => HEIGHT - BOTTOM - (value / most) * (HEIGHT - BOTTOM - TOP)
  const bars = points.map((point, n) => {
    const x = LEFT + n * step
    const top = y(point.rolledUp)
    const bar = `<rect class="${isRight(point) ? 'right' : 'wrong'}" x="${f(x + 1)}" y="${f(top)}" width="${f(Math.max(1, step - 2))}" height="${f(HEIGHT - BOTTOM - top)}"/>`
    const dot = `<circle cx="${f(x + step / 2)}" cy="${f(y(point.raw))}" r="2.5"/>`
    return `<g><title>${escapeHtml(labelOf(point))}: rolled up ${number(point.rolledUp)}, raw ${number(point.raw)}</title>${bar}${dot}</g>`
  })
  const every = Math.ceil(points.length / 7)
  const labels = points.map((point, n) =>
    n % every === 0 ? `<text x="${f(LEFT + n * step + 1)}" y="${HEIGHT - 8}">${escapeHtml(labelOf(point))}</text>` : '',
  )
  const scale = [0, most / 2, most].map(
    (value) => `<text class="scale" x="${LEFT - 5}" y="${f(y(value) + 3)}">${unit}${number(value)}</text>`,
  )
  return `<figure><figcaption>${escapeHtml(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${[...scale, ...bars, ...labels].join('')}</svg></figure>`
}

/** To the billionth: costs are sums of decimals. */
export function isRight({ rolledUp, raw }: Point): boolean {
  return Math.abs(rolledUp - raw) <= 1e-9 * Math.max(1, Math.abs(raw))
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function labelOf({ x }: Point): string {
  if (typeof x === 'string') return x
  return x % DAY_MS === 0 ? dayOf(x).slice(5) : `${new Date(x).toISOString().slice(11, 13)}h`
}

function number(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(2)
}

function f(value: number): string {
  return value.toFixed(1)
}
