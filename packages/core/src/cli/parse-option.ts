/** Readers of option values; what they refuse is a usage error that names the option. */
import { InvalidArgumentError } from 'commander'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { RUN_TRANSITIONS, type RunState } from '../run/run-state.ts'
import { type Duration, parseDuration } from '../time/duration.ts'

/** A reader of whole numbers from `min` to `max`. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`
  return (text) => {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`Use a whole number, ${range}.`)
    }
    return value
  }
}

/** A reader of one of a few words. */
export function oneOf<W extends string>(...words: readonly W[]): (text: string) => W {
  return (text) => {
    const word = words.find((one) => one === text)
    if (word === undefined) throw new InvalidArgumentError(`Use one of ${words.join(', ')}.`)
    return word
  }
}

/** Reads a duration such as `90s` or `5m`. */
export function duration(text: string): Duration {
  return readDuration(text, 0)
}

/** Reads a duration that is not nothing. */
export function someDuration(text: string): Duration {
  return readDuration(text, 1)
}

function readDuration(text: string, leastMs: number): Duration {
  try {
    return parseDuration(/^\d+$/.test(text) ? Number(text) : text, 'duration', leastMs)
  } catch {
    const least = leastMs === 0 ? '' : `, from ${leastMs}ms`
    throw new InvalidArgumentError(`Use a number with a unit, such as "500ms", "90s", "5m", "6h", "1d"${least}.`)
  }
}

/** Collects run states: comma-separated, or the option several times. */
export function runStates(text: string, previous: readonly RunState[] = []): readonly RunState[] {
  const known = Object.keys(RUN_TRANSITIONS)
  const states = text.split(',').map((one) => one.trim())
  const unknown = states.find((state) => !known.includes(state))
  if (unknown !== undefined) throw new InvalidArgumentError(`Use one or more of ${known.join(', ')}.`)
  return [...previous, ...(states as RunState[])]
}

/** Reads `<job>/<schedule>`; names of jobs hold no slash. */
export function schedulePosition(text: string): { readonly job: string; readonly name: string } {
  const slash = text.indexOf('/')
  if (slash < 1) throw new InvalidArgumentError('Use <job>/<schedule>, as the line below the last page gives it.')
  return { job: text.slice(0, slash), name: text.slice(slash + 1) }
}

/** The value of `--payload`; `undefined` when it was not given. Throws `PayloadInvalid`. */
export function parsePayload(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new QuarterjackError(
      'PayloadInvalid',
      `--payload is not JSON: ${why}. Quote it for the shell, for example --payload '{"days":7}'.`,
    )
  }
}
