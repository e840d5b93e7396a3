/** Crontabs of curl and wget lines. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { cron } from '@quarterjack/core'
import { describe, expect, it } from 'vitest'
import { type CrontabLine, type CrontabOptions, fromCrontab } from '../../src/index.ts'
import { contextOf } from '../support/context.ts'
import { type Arrived, json, serve } from '../support/serve.ts'

/** The thirteen lines of a service as it runs today. */
const WORKERS = readFileSync(new URL('workers.crontab', import.meta.url), 'utf8')

type JobLine = Extract<CrontabLine, { kind: 'job' }>
const only = (text: string, options: CrontabOptions = {}): CrontabLine =>
  fromCrontab(text, options).lines.find(({ kind }) => kind !== 'nothing')!
const jobLine = (command: string, options?: CrontabOptions): JobLine => {
  const line = only(`0 0 * * * ${command}`, options)
  if (line.kind !== 'job') throw new Error(`line ${line.line} is a ${line.kind}: ${line.kind === 'problem' ? line.problem : ''}`)
  return line
}
const problemOf = (text: string): string => {
  const line = only(text)
  return line.kind === 'problem' ? line.problem : `it is a ${line.kind}`
}
/** What each line sends. */
const sentBy = async (text: string, env: Record<string, string> = {}): Promise<readonly Arrived[]> => {
  const { url, requests } = await serve()
  const { jobs } = fromCrontab(text.replace(/(?<![A-Z_])URL/g, url), { env: { ...env, API_URL: url } })
  for (const job of jobs) await job.policy.run(contextOf() as never)
  expect(requests).toHaveLength(jobs.length)
  return requests
}

describe('a crontab of thirteen endpoints', () => {
  it('is read as it is: each line is a job of its own name, or nothing', () => {
    const { jobs, lines } = fromCrontab(WORKERS, { env: {} })
    expect(lines).toHaveLength(WORKERS.split('\n').length)
    expect(lines.filter(({ kind }) => kind === 'problem')).toEqual([])
    expect(jobs.map(({ name, policy }) => [name, policy.schedules.map(({ schedule }) => schedule.spec)])).toEqual(
      [
        ['reset-credits', '0 0 * * *'],
        ['check-expirations', '0 1 * * *'],
        ['aggregate-analytics', '0 2 * * *'],
        ['sync-newsletter', '0 3 * * *'],
        ['process-sequences', '0 */6 * * *'],
        ['update-segments', '0 4 * * *'],
        ['aggregate-hourly', '0 * * * *'],
        ['compute-funnels', '0 5 * * *'],
        ['refresh-cohorts', '0 6 * * 1'],
        ['cleanup', '0 7 1 * *'],
        ['orchestration-batch', '0 */6 * * *'],
        ['orchestration-retry-failed', '30 * * * *'],
        ['orchestration-cleanup', '0 8 * * 0'],
      ].map(([name, expression]) => [name, [cron(expression ?? '', { timeZone: 'UTC' }).spec]]),
    )
    expect(lines.find((line) => line.kind === 'job')).toEqual({
      line: 2,
      kind: 'job',
      job: 'reset-credits',
      expression: '0 0 * * *',
      timeZone: 'UTC',
      method: 'GET',
      url: '$API_URL/api/v1/workers/reset-credits',
      variables: ['API_URL', 'CRON_SECRET'],
      notes: [
        'It had no time limit; here it has 30 s. Set timeout.',
        '$API_URL is not set here, and must be where the job runs.',
        '$CRON_SECRET is not set here, and must be where the job runs.',
      ],
    })
  })

  it('sends what wget sends, run by a shell', async () => {
    const byWget = await serve((_, response) => json(response, 200, {}))
    const env = { CRON_SECRET: 'the-cron-secret', API_URL: byWget.url, PATH: process.env.PATH ?? '' }
    const commands = WORKERS.split('\n')
      .filter((line) => /wget/.test(line))
      .map((line) => line.split(' ').slice(5).join(' '))
    for (const command of commands) await promisify(execFile)('/bin/sh', ['-c', command], { env })
    const byJobs = await sentBy(WORKERS, env)
    const essence = ({ method, url, headers, body }: Arrived): unknown => [
      method,
      url,
      headers.authorization,
      headers['content-type'],
      body,
    ]
    expect(byJobs.map(essence)).toEqual(byWget.requests.map(essence))
    expect(byJobs).toHaveLength(13)
    expect(byJobs.at(-1)).toMatchObject({
      method: 'POST',
      body: '{"retentionDays":30}',
      headers: { authorization: 'Bearer the-cron-secret' },
    })
  })
})

describe('a command', () => {
  it.each<[command: string, sent: object, headers?: object]>([
    ['curl -fsS URL/a', { method: 'GET', url: '/a' }],
    ['curl -fsS -X POST URL/a -H "Authorization: Bearer $S" > /dev/null 2>&1', { method: 'POST' }, { authorization: 'Bearer sec ret' }],
    [
      "/usr/bin/curl -fd 'a=1' --data b=2 URL/a",
      { method: 'POST', body: 'a=1&b=2' },
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    ['curl -f --json \'{"a":1}\' URL/a', { method: 'POST', body: '{"a":1}' }, { 'content-type': 'application/json' }],
    [
      'curl -fXPUT -H\'Content-Type: application/json\' -d"{\\"a\\":\\"$S\\"}" URL/a',
      { method: 'PUT', body: '{"a":"sec ret"}' },
      { 'content-type': 'application/json' },
    ],
    ['curl -fG -d a=1 --data-urlencode "b=x y&z" "URL/a?c=3"', { method: 'GET', url: '/a?c=3&a=1&b=x%20y%26z', body: '' }],
    ['curl -f -u "ann:$S" URL/a', {}, { authorization: `Basic ${Buffer.from('ann:sec ret').toString('base64')}` }],
    ['curl -f -A me/1 -b sid=1 -e http://r/ URL/a', {}, { 'user-agent': 'me/1', cookie: 'sid=1', referer: 'http://r/' }],
    ['curl -fI URL/a', { method: 'HEAD' }],
    ['curl -f URL/a?b=1', { url: '/a?b=1' }],
    ['curl -f --url URL/a # a comment', { url: '/a' }],
    [
      'wget -q -O /dev/null --user=ann --password="$S" URL/a',
      { method: 'GET' },
      { authorization: `Basic ${Buffer.from('ann:sec ret').toString('base64')}` },
    ],
    ['wget -qO- --method=DELETE URL/a', { method: 'DELETE' }],
    ['wget --spider -q URL/a', { method: 'HEAD' }],
    ["wget -q --post-data='' URL/a", { method: 'POST', body: '' }],
    [`S=own curl -f -H "X-S: \${S}1" URL/a`, {}, { 'x-s': 'own1' }],
    ['root curl -f URL/a', { url: '/a' }],
    ['curl -f "URL/100\\%25"', { url: '/100%25' }],
    ["curl -f 'URL/$S'", { url: '/$S' }],
    ['curl -f URL/a\\ b"c d"\'e f\'', { url: '/a%20bc%20de%20f' }],
  ])('%s', async (command, sent, headers = {}) => {
    const [request] = await sentBy(`0 0 * * * ${command}`, { S: 'sec ret' })
    expect(request).toMatchObject({ ...sent, headers })
  })

  it('keeps its limits: time, retries, redirects', async () => {
    const policy = (command: string, options: CrontabOptions = {}): unknown => fromCrontab(`0 0 * * * ${command}`, options).jobs[0]?.policy
    expect(policy('curl -f -m 90 --retry 5 http://x/a')).toMatchObject({ timeoutMs: 90_000, retry: { retries: 5 } })
    expect(policy('wget -T 20 -t 1 http://x/a')).toMatchObject({ timeoutMs: 20_000, retry: { retries: 0 } })
    expect(policy('timeout 5m curl -f http://x/a')).toMatchObject({ timeoutMs: 300_000, retry: { retries: 3 } })
    expect(policy('curl -f http://x/a', { timeout: '10m' })).toMatchObject({ timeoutMs: 600_000 })
    const { url } = await serve((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end()
      else json(response, 200, 'followed')
    })
    const run = (command: string): unknown => fromCrontab(`0 0 * * * ${command} ${url}/a`).jobs[0]?.policy.run(contextOf() as never)
    expect(await run('wget -qO-')).toBe('followed')
    expect(await run('curl -fL')).toBe('followed')
    await expect(run('curl -f')).rejects.toMatchObject({ code: 'HttpRedirected' })
    await expect(run('wget --max-redirect=0')).rejects.toMatchObject({ code: 'HttpRedirected' })
  })

  it('sends the payload of a trigger as JSON instead of its own data', async () => {
    const { url, requests } = await serve()
    const [job] = fromCrontab(`0 0 * * * curl -fd a=1 ${url}/a`).jobs
    await job?.policy.run(contextOf({ payload: { b: 2 } }) as never)
    expect(requests[0]).toMatchObject({ body: '{"b":2}', headers: { 'content-type': 'application/json' } })
  })

  it('keeps its lock: to leave a slot out, or to wait', () => {
    const policy = (command: string): unknown => fromCrontab(`0 0 * * * ${command}`).jobs[0]?.policy
    expect(policy('flock -n /tmp/x.lock curl -f http://x/a')).toMatchObject({ overlap: 'skip' })
    expect(policy('/usr/bin/flock --nonblock -E 0 /tmp/x timeout 5m wget -q http://x/a >/dev/null 2>&1')).toMatchObject({
      overlap: 'skip',
      timeoutMs: 300_000,
    })
    expect(policy('timeout 90 flock /tmp/x.lock curl -f http://x/a')).toMatchObject({ overlap: 'queue', timeoutMs: 90_000 })
    expect(policy('root flock -n /tmp/x curl -f http://x/a')).toMatchObject({ overlap: 'skip' })
    expect(jobLine('flock -w 10 /tmp/x curl -fm5 http://x/a').notes).toEqual([
      'It waited for its lock for a while; here its run waits its turn, however long that is.',
    ])
    const shared = '0 0 * * * flock -n /tmp/x curl -fm5 http://x/a'
    expect(fromCrontab(`${shared}\n${shared}`).lines.map((line) => 'notes' in line && line.notes)).toEqual([
      [],
      ['It shares its lock with line 1, and here with none. Give both jobs one mutex.'],
    ])
  })

  it('takes options that a crontab cannot say', () => {
    const text = '0 0 * * * flock /tmp/x curl -f --retry 5 http://x/a\n0 1 * * * curl -f http://x/b'
    const all = fromCrontab(text, { job: { start: '2026-03-02T12:00:00Z', jitter: '5m', overlap: 'allow' } }).jobs
    expect(all.map(({ policy }) => policy)).toMatchObject([
      {
        overlap: 'allow',
        retry: { retries: 5 },
        schedules: [{ schedule: { spec: { startAt: Date.UTC(2026, 2, 2, 12), jitterMs: 300_000 } } }],
      },
      { overlap: 'allow', schedules: [{ schedule: { spec: { startAt: Date.UTC(2026, 2, 2, 12) } } }] },
    ])
    const each = fromCrontab(text, { job: (name) => (name === 'b' ? { mutex: 'm' } : {}) }).jobs
    expect(each.map(({ policy }) => policy.mutex)).toEqual([null, 'm'])
  })

  it('is reported with what is done another way', () => {
    expect(jobLine('curl http://x/a', { timeout: '1m' }).notes).toEqual(['Without -f curl took every answer for good; here only 2xx is.'])
    expect(jobLine('root curl -f http://x/a', { timeout: '1m' }).notes).toEqual([
      '"root" was taken for the user of a system crontab; the job runs as the service does.',
    ])
    expect(jobLine('curl -fm 5 x.example/a?token=hidden -H "A: hidden"')).toMatchObject({ url: 'http://x.example/a', notes: [] })
  })

  it.each<[command: string, problem: string]>([
    ['/usr/local/bin/backup.sh', 'it does not run curl or wget, but "/usr/local/bin/backup.sh"'],
    ['cd /app && curl http://x', 'it runs more than one command (&)'],
    ['curl http://x | jq .', 'it runs more than one command (|)'],
    ['curl http://x; date', 'it runs more than one command (;)'],
    ['curl http://x/?a=1&b=2', 'the & of the address is not in quotes'],
    ['curl "http://x/$(date)"', 'it puts in what another command prints'],
    ['curl `cat url`', 'it puts in what another command prints'],
    ['curl http://x < body', 'it reads a file (<)'],
    ['curl "http://x', 'a " is not closed'],
    ["curl 'http://x", "a ' is not closed"],
    ['curl http://x >', 'a > leads nowhere'],
    [`curl \${URL:-http://x}`, 'it works on a variable within braces'],
    ['curl http://x/$1', 'it uses $1, which only a shell has'],
    ['curl -d @body.json http://x', '-d: files are not sent'],
    ['flock /tmp/x', 'it does not run curl or wget'],
    ['flock -n', 'flock lacks its file'],
    ['flock -s /tmp/x curl http://x', 'flock -s is not understood'],
    ["flock /tmp/x -c 'curl http://x'", 'flock runs a shell (-c)'],
    ['curl -F a=@b http://x', '-F: files are not sent'],
    ['curl -k https://x', '-k: certificates are always checked here'],
    ['wget --no-check-certificate https://x', '--no-check-certificate: certificates are always checked here'],
    ['curl --frobnicate http://x', 'the flag --frobnicate is not known here'],
    ['curl -sZ http://x', 'the flag -Z is not known here'],
    ['curl http://x -H', 'the flag -H lacks its value'],
    ['curl -H broken http://x', '-H: a header is written "Name: value"'],
    ['curl -m soon http://x', '-m: is no time in seconds'],
    ['curl -s', 'there is no address'],
    ['curl http://x http://y', 'there are several addresses'],
    ['curl ftp://x/a', 'its address is not http or https'],
    ['curl http://ann:hidden@x/', 'its address holds credentials'],
    ['curl -X PURGE http://x/', 'method: use GET'],
    ['curl http://x/100%', 'cron ends the command at an unescaped %'],
  ])('%s is not understood', (command, problem) => {
    expect(problemOf(`0 0 * * * ${command}`)).toContain(problem)
    expect(problemOf(`0 0 * * * ${command}`)).not.toContain('hidden')
  })
})

describe('a line', () => {
  it.each<[text: string, problem: string]>([
    ['@reboot curl http://x', '@reboot is no schedule. Write a job with runOnStart: true'],
    ['0 0 * * curl', 'it is neither a variable nor five fields'],
    ['61 * * * * curl -f http://x', '61'],
    ['hello', 'it is neither a variable nor five fields'],
  ])('%s is not understood', (text, problem) => {
    expect(problemOf(text)).toContain(problem)
  })

  it('may set variables for those after it, and the zone', async () => {
    const text = [
      'HOST = "URL"',
      "TOKEN='tok en'",
      'TZ=Europe/Paris',
      '0 5 * * * curl -fm9 -H "X-T: $TOKEN" $HOST/a',
      'CRON_TZ=Europe/Berlin',
      '@daily curl -fm9 $HOST/b',
    ]
    const [first, second] = await sentBy(text.join('\n'))
    expect(first).toMatchObject({ url: '/a', headers: { 'x-t': 'tok en' } })
    expect(second).toMatchObject({ url: '/b' })
    const { lines } = fromCrontab(text.join('\r\n'))
    expect(lines.map((line) => (line.kind === 'job' ? [line.job, line.timeZone, line.variables] : line.kind))).toEqual([
      'variable',
      'variable',
      'variable',
      ['a', 'UTC', []],
      'variable',
      ['b', 'Europe/Berlin', []],
    ])
    expect(lines[2]).toMatchObject({ notes: ['TZ is not the zone of schedules; they are in UTC. Set timeZone, or CRON_TZ.'] })
    expect(JSON.stringify(lines)).not.toContain('tok en')
  })

  it('reads variables that the crontab does not set when it runs', async () => {
    const { url, requests } = await serve()
    const env: Record<string, string> = { TOKEN: 'one' }
    const [job] = fromCrontab(`0 0 * * * curl -f -H "X-T: $TOKEN" ${url}/a`, { env }).jobs
    await job?.policy.run(contextOf() as never)
    env.TOKEN = 'two'
    await job?.policy.run(contextOf() as never)
    expect(requests.map(({ headers }) => headers['x-t'])).toEqual(['one', 'two'])
  })

  it('gives a name that depends on its own address, and a number where that is taken', () => {
    const text = ['https://x.example/api/v2/jobs/sync all', 'https://x.example/', 'https://x.example/cron', '$U/api/a/b?c=d', '$U/api/a/b']
    const lines = text.map((url) => `0 0 * * * curl -fm9 "${url}"`).join('\n')
    expect(fromCrontab(lines, { env: { U: '' } }).jobs.map(({ name }) => name)).toEqual(['sync-all', 'x.example', 'cron', 'a-b', 'a-b-2'])
    expect(fromCrontab(lines, { prefix: 'old:' }).jobs[0]?.name).toBe('old:sync-all')
  })

  it('is never more than what it says: hostile text yields problems, not errors', () => {
    for (const text of [
      '\uE000X\uE001 * * * * curl',
      '0 0 * * * curl http://x/\uE000SECRET\uE001',
      '0 0 * * * \\',
      `0 0 * * * curl ${'-'.repeat(9_999)}`,
      '\0',
    ]) {
      expect(() => fromCrontab(text)).not.toThrow()
    }
    expect(fromCrontab('0 0 * * * curl http://x/\uE000SECRET\uE001').lines[0]).toMatchObject({ variables: [] })
  })
})

describe('fromCrontab refuses', () => {
  it('an instant that is none, in the options of its jobs', () => {
    const start = (): unknown => fromCrontab('0 0 * * * curl -f http://x', { job: { start: 'soon' } })
    expect(start).toThrow(expect.objectContaining({ code: 'InvalidInstant' }))
  })

  it.each<[text: unknown, options: unknown, problem: string]>([
    [7, {}, 'the crontab must be a text'],
    ['', { timezone: 'UTC' }, '"timezone" is not an option. Did you mean "timeZone"? Known are timeZone,'],
    ['', { job: 'x' }, 'job: use an object of options, or a function of the name; this is "x".'],
    ['0 0 * * * curl -f http://x', { job: { overlapp: 'skip' } }, 'overlapp'],
    ['', { timeout: 'soon' }, 'timeout: "soon" is not a duration'],
  ])('%j with %j', (text, options, problem) => {
    expect(() => fromCrontab(text as string, options as CrontabOptions)).toThrow(
      expect.objectContaining({ code: 'InvalidOption', message: expect.stringContaining(problem) }),
    )
  })
})
