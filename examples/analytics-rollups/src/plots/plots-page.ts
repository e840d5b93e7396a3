/** The page: plots, and how fresh each rollup is. Pure, no scripts. */
import type { RollupHealth } from '@quarterjack/core'
import { barPlot, escapeHtml } from './bar-plot.ts'
import type { Plot } from './read-plots.ts'

const STYLE = `body{font:14px system-ui,sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem;color:#1c2733}
h1{font-size:1.3rem}main{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0;width:560px;max-width:100%}figcaption{font-weight:600;margin-bottom:.3rem}
svg{width:100%}svg text{font-size:10px;fill:#5b6b7b}svg .scale{text-anchor:end}.right{fill:#9cc3e6}.wrong{fill:#f0c36d}circle{fill:#1d4f7c}
table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #d9e0e7;padding:.3rem .9rem .3rem 0;text-align:left}
@media (prefers-color-scheme:dark){body{background:#11181f;color:#dfe7ee}svg text{fill:#94a5b5}.right{fill:#2f5f8a}circle{fill:#b9d9f5}td,th{border-color:#2a3642}}`

export function plotsPage(plots: readonly Plot[], rollups: readonly RollupHealth[]): string {
  const rows = rollups.map(
    ({ rollup, freshness, watermark, dirty, failed, why }) =>
      `<tr><td>${escapeHtml(rollup)}</td><td>${escapeHtml(freshness ?? 'unknown')}</td><td>${escapeHtml(watermark ?? '')}</td><td>${dirty}</td><td>${failed}</td><td>${escapeHtml(why.join('; '))}</td></tr>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Analytics</title><style>${STYLE}</style>
<h1>Analytics, and the raw rows behind them</h1>
<p>Bars are what the rollups hold, dots what the raw rows say. Yellow: not refreshed yet, as hours and days that are not over.</p>
<main>${plots.map(barPlot).join('\n')}</main>
<table><tr><th>rollup</th><th>freshness</th><th>complete up to</th><th>dirty windows</th><th>failed</th><th></th></tr>${rows.join('')}</table></html>`
}
