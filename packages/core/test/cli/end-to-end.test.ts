/** The CLI on real schedulers over the memory store: a service at work, and a second process that asks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createScheduler, defineJob, every, memoryStore, type Scheduler, type Store } from '../../src/index.ts'
import { fakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'
import { type Invocation, invoke, invokeJson } from './invoke.ts'

interface Documents {
  readonly id: string
  readonly state: string
  readonly outcome: string
  readonly run: { readonly id: string; readonly trigger: string; readonly attempts: readonly unknown[] } | null
  readonly runs: readonly { readonly id: string; readonly replayOf: string | null; readonly state: string }[]
}

let clock: FakeClock
let service: Scheduler
let broken: boolean
let executed: string[]

/** What the code of both processes defines. */
function jobs() {
  const report = defineJob({
    name: 'report',
    schedule: every('6h'),
    runOnStart: true,
    run: ({ trigger }) => executed.push(trigger) && 'done',
  })
  const flaky = defineJob({
    name: 'flaky',
    retry: { retries: 1, minTimeout: '10s', randomize: false },
    run: () => {
      if (broken) throw new TypeError('upstream is odd')
      return { fine: true }
    },
  })
  return [report, flaky] as const
}

/** The store as another process would see it, were it shared. */
function sharedView(store: Store): Store {
  return { ...store, capabilities: { ...store.capabilities, shared: true } }
}

let store: Store

function anotherProcess(): Scheduler {
  return createScheduler({ store: sharedView(store), jobs: jobs(), logger: false, clock })
}

/** Moves time until the command has ended. */
async function drive<T>(pending: Promise<T>): Promise<T> {
  let ended = false
  const watched = pending.finally(() => {
    ended = true
  })
  for (let step = 0; step < 10_000 && !ended; step += 1) await clock.advance(100)
  return watched
}

const cli = (line: string, scheduler: Scheduler = anotherProcess()): Promise<Invocation> =>
  drive(invoke(scheduler, line.split(' '), { clock }))
const cliJson = (line: string, scheduler: Scheduler = anotherProcess()): Promise<Invocation & { readonly json: Documents }> =>
  drive(invokeJson<Documents>(scheduler, line.split(' '), { clock }))

beforeEach(async () => {
  clock = fakeClock()
  broken = true
  executed = []
  store = memoryStore({ clock })
  service = createScheduler({ store, jobs: jobs(), logger: false, clock })
})

afterEach(async () => {
  await drive(service.stop())
})

describe('run, on a store of its own', () => {
  it('executes the job and stops', async () => {
    const { code, out } = await cli('run report', service)
    expect(out).toMatch(/^run \S+ of report: succeeded in 0 ms\nresult {2}"done"\n$/)
    expect(code).toBe(0)
    expect(executed).toContain('manual')
    expect((await service.health()).owner).toBeNull()
  })

  // Until start() honours `runOnStart: false`: then this becomes a plain `it`.
  it('makes no start run', async () => {
    await cli('run report', service)
    expect(executed).toEqual(['manual'])
  })

  it('waits through retries and ends with exit code 1', async () => {
    const { code, json } = await cliJson('run flaky', service)
    expect(code).toBe(1)
    expect(json).toMatchObject({ job: 'flaky', state: 'dead', run: { failures: 2, error: { message: 'upstream is odd' } } })
    expect(json.run?.attempts).toHaveLength(2)
  })

  it('gives its run back when it does not end in time', async () => {
    const { code, err } = await cli('run flaky --timeout 5s', service)
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^error \[WaitTimedOut\]: The run of job "flaky" did not end in time and is given back/),
    ])
    expect(await service.runs.find({ job: 'flaky' })).toMatchObject([{ state: 'pending', failures: 1 }])
    expect((await service.health()).owner).toBeNull()
  })

  it('gives its run back when it is interrupted', async () => {
    const interrupt = new AbortController()
    const pending = invoke(service, ['run', 'flaky'], { clock, signal: interrupt.signal })
    await clock.advance(5_000)
    interrupt.abort()
    const { code, err } = await drive(pending)
    expect([code, err.slice(0, 24)]).toEqual([1, 'error [SchedulerStopped]'])
    const [run] = await service.runs.find({ job: 'flaky' })
    expect(run).toMatchObject({ state: 'pending', failures: 1 })
  })

  it('a second process is told that it sees nothing', async () => {
    const { code, err } = await cli('runs', service)
    expect([code, err.slice(0, 22)]).toEqual([2, 'error [StoreNotShared]'])
  })

  it('list and preview work all the same', async () => {
    expect((await cli('list', service)).lines).toEqual([
      'JOB     SCHEDULE  NEXT SLOT             STATE',
      'report  every 6h  2026-01-01T06:00:00Z  active',
      'flaky   -         -                     unscheduled',
    ])
    const { lines } = await cli('preview report --count 2', service)
    expect(lines.map((line) => line.slice(0, 20).trim())).toEqual(['SLOT', '2026-01-01T06:00:00Z', '2026-01-01T12:00:00Z'])
  })
})

describe('a service at work', () => {
  beforeEach(async () => {
    await drive(service.start())
    await clock.advance(21_600_000)
  })

  it('commands work in its own process', async () => {
    const { code, out } = await cli('runs --job report', service)
    expect(code).toBe(0)
    expect(out).toMatch(/schedule +2026-01-01T06:00:00Z/)
  })

  it('trigger --wait is executed by it', async () => {
    const { json, code } = await cliJson('trigger report --wait')
    expect([code, json]).toMatchObject([0, { outcome: 'created', state: 'succeeded', result: 'done' }])
    expect(executed).toEqual(['start', 'schedule', 'manual'])
  })

  it('trigger twice with one idempotency key makes one run', async () => {
    const first = await cliJson('trigger report --idempotency-key k')
    const second = await cliJson('trigger report --idempotency-key k')
    expect([first.json.outcome, second.json.outcome]).toEqual(['created', 'duplicate'])
    expect(second.json.id).toBe(first.json.id)
  })

  it('a dead run is listed, shown and replayed', async () => {
    const dead = await cliJson('trigger flaky --wait')
    expect([dead.code, dead.json.state]).toEqual([1, 'dead'])
    expect((await cliJson('dead')).json.runs.map((run) => run.id)).toEqual([dead.json.id])
    const shown = await cli(`runs show ${dead.json.id}`)
    expect(shown.out).toMatch(/state +dead/)
    expect(shown.out).toMatch(/error +TypeError: upstream is odd\n +at /)
    expect(shown.lines.filter((line) => /^ *\d {2}failed /.test(line))).toHaveLength(2)
    broken = false
    for (const replayed of [1, 0]) {
      const replay = await cliJson('replay --job flaky')
      expect(replay.json).toMatchObject({ replayed, runs: [{ replayOf: dead.json.id, error: null }].slice(0, replayed) })
    }
    await clock.advance(1_000)
    expect((await cliJson(`runs --job flaky --state succeeded`)).json.runs).toMatchObject([
      { replayOf: dead.json.id, result: { fine: true } },
    ])
  })

  it('cancel: a delayed run at once, a finished one not', async () => {
    const { json } = await cliJson('trigger report --delay 1h')
    expect((await cliJson(`cancel ${json.id} --reason mistake`)).json).toEqual({ id: json.id, cancelled: true, state: 'cancelled' })
    const again = await cliJson(`cancel ${json.id}`)
    expect([again.code, again.json]).toEqual([1, { id: json.id, cancelled: false, state: 'cancelled' }])
    await cliJson('trigger report --delay 1h')
    expect((await cliJson('cancel --job report --state pending')).json).toEqual({ job: 'report', cancelled: 1 })
    expect((await cli('cancel --job report --state dead')).err).toContain('error [InvalidQuery]')
    expect(await cli('audit --job zz')).toMatchObject({ code: 2, err: expect.stringContaining('error [UnknownJob]') })
    expect((await cli('cancel nope')).err).toContain('error [UnknownRun]')
  })

  it('suspend, health, run and resume agree', async () => {
    expect((await cli('suspend report --reason maintenance')).code).toBe(0)
    expect((await cli('suspend report --reason maintenance')).out).toBe('report was suspended already\n')
    expect((await cli('list')).out).toMatch(/suspended: maintenance/)
    expect((await cli('health')).out).toMatch(/report +suspended/)
    expect((await cli('trigger report --wait')).err).toContain('error [RunSkipped]: Job "report" is suspended')
    expect((await cli('resume report')).out).toBe('report goes on\n')
    expect((await cli('resume report')).out).toBe('report was not suspended\n')
    expect((await cli('suspend report --schedule #0 --reason x')).code).toBe(0)
    expect((await cli('suspend report --schedule #7 --reason x')).err).toContain('error [UnknownSchedule]')
  })

  it('retire is refused while the service lives', async () => {
    expect((await cli('retire report')).err).toContain('error [JobInUse]')
    const unknown = await cli('retire nobody')
    expect([unknown.code, unknown.err.slice(0, 18)]).toEqual([2, 'error [UnknownJob]'])
  })

  it('audit finds every slot', async () => {
    const { code, lines } = await cli('audit')
    expect(code).toBe(0)
    expect(lines[1]).toMatch(/^report +#0 +2026-01-01T06:00:00Z +1 +0 +1 +0$/)
    expect(lines.at(-1)).toBe('1 slot proven, 0 attested: no violation')
  })

  it('doctor and health are content', async () => {
    const doctor = await cli('doctor')
    expect(doctor.code).toBe(0)
    expect(doctor.lines.filter((line) => !line.startsWith('ok'))).toEqual([
      expect.stringMatching(/^warn {2}store kind/),
      expect.stringContaining('→'),
    ])
    const health = await cli('health')
    expect([health.code, health.lines[0]]).toEqual([0, 'status     ok'])
  })

  it('doctor names what the code of another program does not define', async () => {
    const other = createScheduler({ store: sharedView(store), jobs: [jobs()[1]], logger: false, clock })
    expect((await cli('doctor', other)).out).toContain('the store holds report, which this code does not define')
  })

  it('health without any live process fails', async () => {
    await drive(service.stop())
    const { code, lines } = await cli('health')
    expect([code, lines[0]]).toEqual([1, 'no live process: nothing fires'])
  })

  it('tick works off what is due in place of the service', async () => {
    await drive(service.stop())
    await clock.advance(21_600_000)
    const { code, out } = await cli('tick')
    expect(code).toBe(0)
    expect(out).toMatch(/^fired 1 slot, claimed [12] runs?: [12] succeeded, 0 failed; next work /)
  })

  it('schedules are paged by job and name', async () => {
    await service.schedules.setMany(jobs()[1], [
      { key: 'a', schedule: every('1h') },
      { key: 'b', schedule: every('2h') },
    ])
    const first = await cli('schedules --limit 2')
    expect(first.lines.slice(1).map((line) => line.replaceAll(/ +/g, ' ').split(' ').slice(0, 4).join(' '))).toEqual([
      'flaky a every 1h',
      'flaky b every 2h',
      'more: repeat with --after',
    ])
    expect((await cli('schedules --limit 2 --after flaky/b')).lines).toHaveLength(2)
  })
})
