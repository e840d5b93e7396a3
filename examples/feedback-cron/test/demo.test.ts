import type { AuditReport, HealthSnapshot, Run } from '@quarterjack/core'
import { describe, expect, it } from 'vitest'
import { checkDemo, type DemoFacts } from '../src/demo-checks.ts'
import { runNode } from './support/run-node.ts'

describe('the demo', () => {
  it('tells its story, and all of it is true', async () => {
    const { code, output } = await runNode('demo.ts').ended
    expect(output).not.toContain('✗')
    expect(code).toBe(0)
    expect(output.match(/✓/g)).toHaveLength(9)
    for (const part of ['Attempt 1 failed', 'Aggregation skipped', 'slots proven, 0 violations', 'scheduler: ok'])
      expect(output).toContain(part)
  }, 600_000)
})

describe('the checks of the demo', () => {
  const at = (second: number): Date => new Date(Date.UTC(2025, 10, 20, 14, 0, second))
  const aRun = (overrides: Partial<Run>): Run =>
    ({ trigger: 'schedule', state: 'succeeded', attempt: 1, attempts: [{ outcome: 'succeeded' }], startedAt: at(5), ...overrides }) as Run
  const good: DemoFacts = {
    runs: [
      aRun({ trigger: 'start', slot: null, startedAt: at(0) }),
      aRun({ slot: at(1) }),
      aRun({ slot: at(2), attempt: 2, attempts: [{ outcome: 'failed' }, { outcome: 'succeeded' }] as unknown as Run['attempts'] }),
      aRun({ slot: at(3), state: 'skipped' }),
    ],
    previewed: [at(1), at(2), at(3)],
    weights: [0.7, 0.4],
    health: { status: 'ok' } as HealthSnapshot,
    audit: { ok: true, complete: true, violations: [] } as unknown as AuditReport,
  }
  const failing = (facts: Partial<DemoFacts>): number => checkDemo({ ...good, ...facts }).filter(({ ok }) => !ok).length

  it('hold when all went well', () => {
    expect(failing({})).toBe(0)
  })

  it.each<[string, Partial<DemoFacts>]>([
    ['a slot was lost', { previewed: [at(1), at(2), at(3), at(4)] }],
    ['a slot fired twice', { runs: [...good.runs, aRun({ slot: at(3) })] }],
    ['a run started early', { runs: good.runs.with(1, aRun({ slot: at(1), startedAt: at(0) })) }],
    ['no slot was announced', { previewed: [] }],
    ['nothing was skipped', { runs: good.runs.with(3, aRun({ slot: at(3) })) }],
    ['nothing was retried', { runs: good.runs.with(2, aRun({ slot: at(2) })) }],
    ['nothing was learnt', { weights: [0.7, 0.7] }],
    ['a weight is missing', { weights: [0.7, Number.NaN] }],
    ['it is degraded', { health: { status: 'degraded' } as HealthSnapshot }],
    ['the audit failed', { audit: { ...good.audit, ok: false } }],
    ['the audit stopped early', { audit: { ...good.audit, complete: false } }],
  ])('fail when %s', (_what, facts) => {
    expect(failing(facts)).toBe(1)
  })
})
