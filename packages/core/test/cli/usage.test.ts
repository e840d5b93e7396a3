import { describe, expect, it } from 'vitest'
import { COMMAND_GROUPS } from '../../src/cli/registry.ts'
import { fakeScheduler } from './fake-scheduler.ts'
import { invoke, invokeJson } from './invoke.ts'

const commands = COMMAND_GROUPS.flatMap((group) => group.commands)
const paths = commands.flatMap((command) => [[command.name], ...(command.subcommands ?? []).map((sub) => [command.name, sub.name])])

describe('--help', () => {
  it.each(paths.map((path) => [path.join(' '), path] as const))('%s has usage, an example and --json', async (name, path) => {
    const { scheduler, calls } = fakeScheduler()
    const { code, out, err } = await invoke(scheduler, [...path, '--help'])
    expect(code).toBe(0)
    expect(out).toContain(`Usage: app ${name}`)
    expect(out).toMatch(new RegExp(`Examples:\\n {2}app ${path[0]}`))
    expect(out).toContain('--json')
    expect(err).toBe('')
    expect(calls).toEqual([])
  })

  it('the program lists every command and the exit codes', async () => {
    const { out, code } = await invoke(fakeScheduler().scheduler, ['--help'])
    expect(code).toBe(0)
    for (const { name } of commands) expect(out).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
    expect(out).toContain('Exit codes: 0 ok')
  })

  it('the examples of the help parse', async () => {
    for (const { examples, name } of commands) {
      for (const example of examples) {
        const words = [...example.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2] ?? word[3] ?? '')
        const jobs = ['report', 'feedback-aggregate', 'orchestrate'].map((job) => ({
          name: job,
          policy: { name: job, schedules: [], payload: null } as never,
        }))
        const { err } = await invoke(fakeScheduler({ jobs }).scheduler, words)
        expect(err, `${name}: ${example}`).not.toContain('Usage')
      }
    }
  })

  it('no command at all is a usage error with help', async () => {
    const { code, out, err } = await invoke(fakeScheduler().scheduler, [])
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain('Usage: app')
  })
})

describe('usage errors', () => {
  it.each([
    [['lsit'], "unknown command 'lsit' (Did you mean list?)", ''],
    [['list', '--jsno'], "unknown option '--jsno' (Did you mean --json?)", ' list'],
    [['run'], "missing required argument 'job'", ' run'],
    [['list', 'extra'], 'too many arguments', ' list'],
    [['suspend', 'report'], "required option '--reason <text>' not specified", ' suspend'],
    [['runs', '--limit', 'ten'], "argument 'ten' is invalid. Use a whole number, from 1 to 1000.", ' runs'],
    [['runs', '--limit', '1001'], 'from 1 to 1000', ' runs'],
    [['runs', '--state', 'died'], 'Use one or more of pending, waiting, running', ' runs'],
    [['runs', 'show', '--limti'], "unknown option '--limti'", ' runs show'],
    [['trigger', 'report', '--delay', 'soon'], 'such as "500ms"', ' trigger'],
    [['schedules', '--after', 'report'], 'Use <job>/<schedule>', ' schedules'],
    [['tick', '--budget', '0s'], "argument '0s' is invalid. Use a number with a unit", ' tick'],
  ])('%j', async (argv, message, command) => {
    const { scheduler, calls } = fakeScheduler()
    const { code, out, err } = await invoke(scheduler, argv)
    expect(code).toBe(2)
    expect(err).toContain('error [Usage]: ')
    expect(err).toContain(message)
    expect(err).toContain(`See "app${command} --help".`)
    expect(err).not.toContain('    at ')
    expect(out).toBe('')
    expect(calls).toEqual([])
  })

  it.each([
    [['run', 'reprot'], 'UnknownJob', 'Did you mean "report"?'],
    [['preview', 'nothing-like-it'], 'UnknownJob', 'Known jobs: report, clean.'],
    [['trigger', 'report', '--payload', '{days:7}'], 'PayloadInvalid', '--payload is not JSON'],
    [['replay'], 'InvalidOption', 'give the id of a run, or --job'],
    [['replay', 'r-1', '--job', 'report'], 'InvalidOption', 'give the id of a run, or --job'],
    [['replay', 'r-1', '--again'], 'InvalidOption', 'give the id of a run, or --job'],
    [['cancel'], 'InvalidOption', 'give the id of a run, or --job'],
    [['cancel', 'r-1', '--job', 'report'], 'InvalidOption', 'give the id of a run, or --job'],
    [['cancel', '--state', 'pending'], 'InvalidOption', 'give the id of a run, or --job'],
  ])('%j is refused as %s', async (argv, code, message) => {
    const done = await invoke(fakeScheduler().scheduler, argv)
    expect(done.code).toBe(2)
    expect(done.err).toContain(`error [${code}]: `)
    expect(done.err).toContain(message)
  })

  it.each([
    [[process.execPath, '/srv/app/cli.js', 'list'], 'process.argv.slice(2)'],
    [undefined, 'argv: undefined is not a list'],
    ['list', 'argv: "list" is not a list'],
  ])('arguments that are none: %j', async (argv, message) => {
    const { code, out, err } = await invoke(fakeScheduler().scheduler, argv as never)
    expect(code).toBe(2)
    expect(err).toContain('error [InvalidOption]: runCli: ')
    expect(err).toContain(message)
    expect(out).toBe('')
  })

  it('options of runCli that are none are told as any other misuse', async () => {
    const { code, err } = await invoke(fakeScheduler().scheduler, ['list'], { nmae: 'app' } as never)
    expect(code).toBe(2)
    expect(err).toContain('error [InvalidOption]: runCli: "nmae" is not an option. Did you mean "name"?')
  })

  it('--json gives the error as a document too', async () => {
    const usage = await invokeJson(fakeScheduler().scheduler, ['lsit'])
    expect(usage.json).toEqual({ error: { code: 'Usage', message: "unknown command 'lsit' (Did you mean list?)" } })
    const job = await invokeJson(fakeScheduler().scheduler, ['run', 'reprot'])
    expect(job.json).toEqual({ error: { code: 'UnknownJob', message: expect.stringContaining('Did you mean "report"?') } })
    expect(job.code).toBe(2)
  })
})

it('--json may stand before the command', async () => {
  const { out, code } = await invoke(fakeScheduler().scheduler, ['--json', 'dead'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toHaveProperty('runs')
})
