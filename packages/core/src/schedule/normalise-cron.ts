/** Checks a cron expression and brings it into the stored form: six fields, upper case, no nickname, no `?`. `H` stays. */
import { CRON_FIELDS, type CronFieldRule, explainItem, holdsHash, invalidCron } from './cron-syntax.ts'
import { readCronField } from './read-cron-field.ts'

/** Longer ones are refused: every value of every field fits in half of it. */
const MAX_LENGTH = 1024

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
  '@minutely': '0 * * * * *',
  '@secondly': '* * * * * *',
  '@weekdays': '0 0 0 * * 1-5',
  '@weekends': '0 0 0 * * 0,6',
}

const MAX_CACHED = 2_000

const cache = new Map<string, string>()

interface Piece {
  readonly text: string
  /** Of its first character in the expression, from 0. */
  readonly offset: number
}

/** Throws `InvalidCron` that names the value, the field, its offset in the text, and the remedy. The newest 2,000 are remembered. */
export function normaliseCron(expression: unknown): string {
  const known = cache.get(expression as string)
  if (known !== undefined) return known
  const normalised = normalise(expression)
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string)
  cache.set(expression as string, normalised)
  return normalised
}

function normalise(expression: unknown): string {
  if (typeof expression !== 'string') throw invalidCron(expression, 'it is not a text', 'Give five or six fields such as "5 * * * *".')
  if (expression.length > MAX_LENGTH) {
    throw invalidCron(`${expression.slice(0, 40)}…`, `it has ${expression.length} characters`, `At most ${MAX_LENGTH} are taken.`)
  }
  const pieces = [...expression.matchAll(/\S+/g)].map((match): Piece => ({ text: match[0], offset: match.index }))
  if (pieces.length === 0) throw invalidCron(expression, 'it is empty', 'Every minute is "* * * * *".')
  if (pieces[0]?.text.startsWith('@')) return resolveNickname(expression, pieces.map(({ text }) => text).join(' '))
  if (pieces.length !== 5 && pieces.length !== 6) throw wrongFieldCount(expression, pieces.length)
  const skipped = 6 - pieces.length
  const fields = pieces.map((piece, index) => checkField(expression, piece, CRON_FIELDS[index + skipped] as CronFieldRule))
  return (skipped === 1 ? ['0', ...fields] : fields).join(' ')
}

function resolveNickname(expression: string, text: string): string {
  const nickname = text.toLowerCase()
  const resolved = Object.hasOwn(NICKNAMES, nickname) ? NICKNAMES[nickname] : undefined
  if (resolved !== undefined) return resolved
  const every = /^@every\s+(.*)$/.exec(nickname)
  if (every !== null) throw invalidCron(expression, '"@every" at offset 0 is no cron nickname', `Use every('${every[1]}').`)
  if (nickname === '@reboot') throw invalidCron(expression, '"@reboot" at offset 0 names no time', 'Use the option runOnStart of the job.')
  throw invalidCron(expression, 'the nickname at offset 0 is unknown', `Known are ${Object.keys(NICKNAMES).join(', ')}.`)
}

function wrongFieldCount(expression: string, count: number): Error {
  const form = 'Five are needed (minute, hour, day of month, month, day of week), or six with the second before them.'
  const remedy = count === 7 ? `${form} There is no year field: use the options start and end.` : form
  return invalidCron(expression, `it has ${count} ${count === 1 ? 'field' : 'fields'}`, remedy)
}

/** The field in upper case with `*` for `?`; or the error about its first wrong item. */
function checkField(expression: string, piece: Piece, rule: CronFieldRule): string {
  const text = piece.text.toUpperCase().replaceAll('?', '*')
  const items = text.split(',')
  let offset = piece.offset
  for (const item of items) {
    const problem = explainItem(item, rule) ?? judge(item, rule)
    if (problem !== null) throw invalidCron(expression, `${rule.name} "${item}" at offset ${offset} ${problem}`, rule.remedy)
    offset += item.length + 1
  }
  // Items that are right one by one can still be wrong together. What H becomes is not known yet, and never in the way.
  const plain = items.filter((item) => !holdsHash(item)).join(',')
  const problem =
    items.length > 1 && text.includes('#') ? 'is not understood: # does not go into a list' : plain === '' ? null : judge(plain, rule)
  if (problem !== null) throw invalidCron(expression, `${rule.name} "${text}" at offset ${piece.offset} ${problem}`, rule.remedy)
  return text
}

/** cron-parser has the last word. */
function judge(text: string, rule: CronFieldRule): string | null {
  try {
    readCronField(rule, text)
    return null
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const duplicate = /duplicate values found: (\S+)/.exec(message)
    return duplicate === null ? `is not understood (${message})` : `names ${duplicate[1]} twice`
  }
}
