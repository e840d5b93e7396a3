/** The documents in docs/cli.md have the shapes that the commands print. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { COMMAND_GROUPS } from '../../src/cli/registry.ts'
import { every6h, fakeHandle, fakeHealth, fakeJob, fakeRollup, fakeRollupHealth, fakeRun, fakeScheduler } from './fake-scheduler.ts'
import { invokeJson } from './invoke.ts'

const page = readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8')
const sections = new Map(page.split(/^### /m).map((section) => [section.slice(0, section.indexOf('\n')), section]))
const commands = COMMAND_GROUPS.flatMap(({ commands: group }) => group)
const names = commands.flatMap(({ name, subcommands = [] }) => [name, ...subcommands.map((sub) => `${name} ${sub.name}`)])

const attempt = {
  number: 1,
  outcome: 'failed',
  owner: 'o',
  fence: 1,
  startedAt: new Date(0),
  finishedAt: new Date(1),
  error: { name: 'E', message: 'm', stack: 's' },
} as const
const run = fakeRun({ state: 'dead', reason: 'why', error: attempt.error, attempts: [attempt] })
const ended = fakeRun()
const drift = { window: new Date(0), key: '', expected: '', found: '' }

/** Command lines whose output has something in every list. */
const lines: Readonly<Record<string, string>> = {
  list: 'list',
  preview: 'preview report',
  schedules: 'schedules',
  runs: 'runs',
  run: 'run report',
  trigger: 'trigger report',
  tick: 'tick',
  replay: 'replay r-1',
  cancel: 'cancel r-1',
  rollups: 'rollups',
  backfill: 'backfill stats-daily --last 30d',
  backfills: 'backfills',
  'rollups ddl': 'rollups ddl stats-daily',
  'rollups restore': 'rollups restore stats-daily stats_daily_20260101_080000000',
  'backfills pause': 'backfills pause b-1',
  'backfills resume': 'backfills resume b-1',
  'backfills cancel': 'backfills cancel b-1',
  verify: 'verify stats-daily --from 2025-12-01 --to 2026-01-01',
  suspend: 'suspend report --reason x',
  resume: 'resume report',
  retire: 'retire report',
  health: 'health',
  audit: 'audit',
  doctor: 'doctor',
}

/** Shortened on the page. */
const ABRIDGED = new Set(['run.run', 'health.snapshot'])

describe('docs/cli.md', () => {
  it('has a section with an example for each command, and no other command', () => {
    for (const name of names) expect(sections.get(name), name).toMatch(new RegExp(`^\\$ my-service ${name}\\b`, 'm'))
    const examples = [...page.matchAll(/^\$ my-service (\S+)/gm)].map((example) => example[1])
    expect(examples.filter((name) => !commands.some((command) => command.name === name))).toEqual([])
  })

  it('names each option of each command', () => {
    for (const command of commands) {
      const section = sections.get(command.name) ?? ''
      for (const example of command.examples) {
        for (const option of example.match(/--[a-z-]+/g) ?? [])
          expect(option === '--json' || section.includes(option), `${command.name} ${option}`).toBe(true)
      }
    }
  })

  it.each(Object.entries(lines))('%s: the documented shape', async (name, line) => {
    const documented: unknown = JSON.parse(/```json\n([\s\S]*?)```/.exec(sections.get(name) ?? '')?.[1] ?? 'null')
    const schedule = { job: 'report', schedule: '#0', cursor: '', proven: 1, attested: 0, runs: 1, skipped: {} }
    const { scheduler } = fakeScheduler({
      jobs: [fakeJob('report', [every6h]), fakeRollup],
      health: fakeHealth({ rollups: [fakeRollupHealth()] }),
      verbs: {
        'runs.find': () => [run],
        'runs.get': () => ended,
        trigger: () => fakeHandle('r-1'),
        'rollups.verify': () => ({ rollup: 'stats-daily', checked: 31, leftOut: 0, drift: [drift], more: false }),
        audit: () => ({ at: '', ok: true, schedules: [schedule], violations: [], proven: 1, attested: 0, complete: true }),
      },
    })
    const { json } = await invokeJson<unknown>(scheduler, line.split(' '))
    expect(differences(documented, json, name)).toEqual([])
  })
})

/** Paths where two documents differ in shape; `null` stands for any value. */
function differences(documented: unknown, printed: unknown, path: string): readonly string[] {
  if (documented === null || printed === null) return []
  if (Array.isArray(documented) && Array.isArray(printed)) {
    return documented.length === 0 || printed.length === 0 ? [] : differences(documented[0], printed[0], `${path}[]`)
  }
  if (typeof documented !== typeof printed || Array.isArray(documented) !== Array.isArray(printed)) return [`${path}: other type`]
  if (typeof documented !== 'object') return []
  const [left, right] = [documented as Record<string, unknown>, printed as Record<string, unknown>]
  // Payloads and results are the user's.
  if (path.endsWith('.payload') || path.endsWith('.result')) return []
  const unknown = Object.keys(left).filter((key) => !(key in right))
  const missing = ABRIDGED.has(path) ? [] : Object.keys(right).filter((key) => !(key in left))
  const inner = Object.keys(left).filter((key) => key in right)
  return [
    ...unknown.map((key) => `${path}.${key}: not printed`),
    ...missing.map((key) => `${path}.${key}: not documented`),
    ...inner.flatMap((key) => differences(left[key], right[key], `${path}.${key}`)),
  ]
}
