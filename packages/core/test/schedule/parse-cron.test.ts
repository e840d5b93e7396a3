import { describe, expect, it, vi } from 'vitest'
import { normaliseCron } from '../../src/schedule/normalise-cron.ts'
import { parseCron } from '../../src/schedule/parse-cron.ts'
import { resolveHashes } from '../../src/schedule/resolve-hashes.ts'
import { refusal } from './expect-error.ts'

// Many cases in one test; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

describe('what is refused, with value, field, offset and remedy', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['an empty text', '', ['""', 'empty', '"* * * * *"']],
    ['blanks', '  \t ', ['empty']],
    ['one number', '5', ['"5"', '1 field', 'Five are needed']],
    ['four fields', '* * * *', ['4 fields', 'Five are needed']],
    ['a year field', '0 0 0 1 1 * 2027', ['7 fields', 'start and end']],
    ['a number', 5, ['5 is not', 'not a text']],
    ['nothing', undefined, ['undefined']],
    ['too long a text', `${'1,'.repeat(600)}1 * * * *`, ['1209 characters', '1024']],
    ['@reboot', '@reboot', ['"@reboot" at offset 0', 'runOnStart']],
    ['@every', '@every 90m', ['"@every" at offset 0', "every('90m')"]],
    ['an unknown nickname', '@fortnightly', ['offset 0', '@weekly']],
    ['a name of Object', '@constructor', ['unknown']],
    ['a minute out of range', '60 * * * *', ['minute "60" at offset 0', '0-59']],
    ['an hour out of range', '0 24 * * *', ['hour "24" at offset 2', '0-23']],
    ['a second out of range', '61 0 0 * * *', ['second "61" at offset 0']],
    ['day 0', '0 0 0 * *', ['day of month "0" at offset 4', '1-31']],
    ['day 32', '0 0 1-32 * *', ['day of month "1-32" at offset 4', '1-31']],
    ['month 13', '0 0 1 13 *', ['month "13" at offset 6', 'JAN-DEC']],
    ['weekday 8', '0 0 * * 8', ['day of week "8" at offset 8', 'SUN-SAT']],
    ['an unknown name', '0 0 * * MONDAY', ['day of week "MONDAY" at offset 8']],
    ['a name in the wrong field', '0 0 MON * *', ['day of month "MON" at offset 4']],
    ['the third item of a list', '5,10,99 * * * *', ['minute "99" at offset 5']],
    ['an empty item', '1,,2 * * * *', ['minute "" at offset 2', 'is empty']],
    ['a trailing comma', '1, * * * *', ['minute "" at offset 2']],
    ['a backward range', '0 22-2 * * *', ['hour "22-2" at offset 2', '22-23,0-2']],
    ['a backward range of names', '0 0 * * SAT-SUN', ['day of week "SAT-SUN" at offset 8']],
    ['step 0', '*/0 * * * *', ['minute "*/0" at offset 0', 'step']],
    ['no step', '*/ * * * *', ['minute "*/" at offset 0', 'step']],
    ['a step beyond the field', '*/90 * * * *', ['minute "*/90" at offset 0', 'every()']],
    ['a step without a start', '/5 * * * *', ['minute "/5" at offset 0']],
    ['half a range', '5- * * * *', ['minute "5-" at offset 0']],
    ['a value twice', '1-5,3 * * * *', ['minute "1-5,3" at offset 0', 'names 3 twice']],
    ['the nearest weekday', '0 0 15W * *', ['day of month "15W" at offset 4', 'W (nearest weekday)']],
    ['days before the last', '0 0 L-3 * *', ['day of month "L-3" at offset 4', 'only L']],
    ['L in the wrong field', 'L * * * *', ['minute "L" at offset 0']],
    ['L alone as weekday', '0 0 * * L', ['day of week "L" at offset 8', '5L']],
    ['a sixth Friday', '0 0 * * 5#6', ['day of week "5#6" at offset 8']],
    ['# in a list', '0 0 * * 5#3,2', ['day of week "5#3,2" at offset 8', 'list']],
    ['H as a bound', 'H-30 * * * *', ['minute "H-30" at offset 0', 'H(0-29)']],
    ['H out of range', '0 0 H(0-3) * *', ['day of month "H(0-3)" at offset 4', '1-31']],
    ['H that runs backwards', 'H(30-20) * * * *', ['minute "H(30-20)" at offset 0']],
    ['H with step 0', 'H/0 * * * *', ['minute "H/0" at offset 0', 'step']],
    ['letters', 'x * * * *', ['minute "X" at offset 0']],
    ['other digits', '٣ * * * *', ['minute "٣" at offset 0']],
    ['a fraction', '1.5 * * * *', ['minute "1.5" at offset 0']],
    ['a sign', '+5 * * * *', ['minute "+5" at offset 0']],
    ['offsets count leading blanks', '  0   99 * * *', ['hour "99" at offset 6']],
  ])('%s', (_what, expression, parts) => {
    const message = refusal(() => normaliseCron(expression))
    expect(message).toMatch(/^InvalidCron: expression: /)
    for (const part of parts) expect(message).toContain(part)
    expect(refusal(() => normaliseCron(expression))).toBe(message)
  })
})

describe('the stored form', () => {
  it.each([
    ['5 * * * *', '0 5 * * * *'],
    ['  5\t*  * * * ', '0 5 * * * *'],
    ['*/10 5 * * * *', '*/10 5 * * * *'],
    ['0 0 ? * mon-fri', '0 0 0 * * MON-FRI'],
    ['0 0 * jan,Feb *', '0 0 0 * JAN,FEB *'],
    ['H h(1-5) l * *', '0 H H(1-5) L * *'],
    ['0 0 * * fril', '0 0 0 * * FRIL'],
    ['*/60 * * * *', '0 */60 * * * *'],
    ['@yearly', '0 0 0 1 1 *'],
    ['@annually', '0 0 0 1 1 *'],
    ['@monthly', '0 0 0 1 * *'],
    ['@weekly', '0 0 0 * * 0'],
    ['@daily', '0 0 0 * * *'],
    ['@Midnight', '0 0 0 * * *'],
    ['@hourly', '0 0 * * * *'],
    ['@minutely', '0 * * * * *'],
    ['@secondly', '* * * * * *'],
    ['@weekdays', '0 0 0 * * 1-5'],
    ['@weekends', '0 0 0 * * 0,6'],
  ])('%j becomes %j', (given, stored) => {
    expect(normaliseCron(given)).toBe(stored)
    expect(normaliseCron(stored)).toBe(stored)
  })

  it('is the only one that is parsed', () => {
    expect(refusal(() => parseCron('5 * * * *'))).toContain('not in the stored form')
    expect(refusal(() => parseCron('0 H * * * *'))).toContain('H is not resolved')
    expect(refusal(() => parseCron('0 61 * * * *'))).toMatch(/^InvalidCron/)
  })

  it('is parsed once', () => {
    expect(parseCron('0 7 6 5 4 *')).toBe(parseCron('0 7 6 5 4 *'))
  })
})

describe('the kind of an expression', () => {
  it.each([
    ['* * * * *', true],
    ['*/15 2 * * *', true],
    ['30 * * * *', true],
    ['30 */2 * * *', true],
    ['? 2 * * *', true],
    ['30 2 * * *', false],
    ['* 30 2 * * *', false],
    ['0-59 0-23 * * *', false],
    ['0-59/15 2 * * *', false],
    ['30,*/20 2 * * *', false],
    ['@hourly', true],
    ['@daily', false],
  ])('%s: wildcard is %s', (expression, wildcard) => {
    expect(parseCron(normaliseCron(expression)).wildcard).toBe(wildcard)
  })
})

describe('H', () => {
  it('gives every job values of its own, the same each time', () => {
    expect(resolveHashes('0 H H * * *', 'report')).toBe(resolveHashes('0 H H * * *', 'report'))
    const minutes = new Set(Array.from({ length: 2_000 }, (_, job) => resolveHashes('0 H 5 * * *', `job-${job}`)))
    expect(minutes.size).toBe(60)
  })

  it.each([
    ['0 H(10-20) * * * *', /^0 (1\d|20) \* \* \* \*$/],
    ['0 H/15 * * * *', /^0 \d+(,\d+){3} \* \* \* \*$/],
    ['0 H(0-29)/10 * * * *', /^0 \d(,1\d)(,2\d) \* \* \* \*$/],
    ['H H * * * *', /^\d+ \d+ \* \* \* \*$/],
    ['0 0 0 * H *', /^0 0 0 \* \d+ \*$/],
    ['0 0 0 * * H#2', /^0 0 0 \* \* [0-6]#2$/],
    ['0 0 0 H,L * *', /^0 0 0 \d+,L \* \*$/],
    ['0 0 0 * * H,5L', /^0 0 0 \* \* [0-6],5L$/],
    ['0 0 0 * * THU', /^0 0 0 \* \* THU$/],
  ])('%s', (expression, form) => {
    for (let job = 0; job < 200; job++) {
      const resolved = resolveHashes(expression, `job-${job}`)
      expect(resolved).toMatch(form)
      expect(() => parseCron(resolved)).not.toThrow()
    }
  })

  it('never becomes a day that some month has not', () => {
    const days = Array.from({ length: 2_000 }, (_, job) => Number(resolveHashes('0 0 0 H * *', `job-${job}`).split(' ')[3]))
    expect(new Set(days).size).toBe(28)
    expect(Math.max(...days)).toBe(28)
  })

  it('gives every weekday its turn', () => {
    const counts = new Array(7).fill(0)
    for (let job = 0; job < 7_000; job++) counts[Number(resolveHashes('0 0 0 * * H', `job-${job}`).at(-1))]++
    for (const count of counts) expect(count).toBeGreaterThan(800)
  })

  it('is right for every job even where its value is there already', () => {
    for (let job = 0; job < 300; job++) {
      for (const expression of ['0 0,H * * * *', '0 */20,H * * * *', '0 H,*/20 * * * *', '0 H,H(0-29) 5 * * *', '0 0-58,H 3 * * *']) {
        const resolved = resolveHashes(expression, `job-${job}`)
        expect(() => parseCron(resolved), `${expression} for job-${job}: ${resolved}`).not.toThrow()
        const minute = expression.split(' ')[1] as string
        expect(resolved.split(' ')[1]?.startsWith('*')).toBe(minute.startsWith('*'))
      }
    }
  })

  it('is of the fixed-time kind, as the list that it becomes', () => {
    expect(parseCron(resolveHashes('0 H/15 9-17 * * *', 'report')).wildcard).toBe(false)
    expect(parseCron(resolveHashes('0 H * * * *', 'report')).wildcard).toBe(true)
  })
})
