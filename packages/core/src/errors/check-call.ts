/** Checks of what calls are given: the first thing that is wrong is named, with its value and the remedy. */
import { closestName } from './closest-name.ts'
import type { ErrorCode } from './error-code.ts'
import { QuarterjackError } from './quarterjack-error.ts'
import { shown } from './shown.ts'

/** Refuses options that are no object, or have a name that is not known. `what` was called. Throws `InvalidOption`. */
export function checkNames(options: unknown, known: readonly string[], what: string): void {
  if (options !== undefined) requireNames(options, known, what)
}

/** {@link checkNames} for what cannot be left out. `what` may be a function where calls are many. */
export function requireNames(options: unknown, known: readonly string[], what: string | (() => string)): void {
  const called = (): string => (typeof what === 'string' ? what : what())
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new QuarterjackError(
      'InvalidOption',
      `${called()}: options must be an object with any of ${known.join(', ')}; this is ${shown(options)}.`,
    )
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new QuarterjackError('InvalidOption', `${called()}: ${unknownName(name, known)}`)
  }
}

/** What to say of a name that is not known. */
export function unknownName(name: string, known: readonly string[]): string {
  const near = closestName(name, known)
  const guess = near === null ? '' : ` Did you mean "${near}"?`
  return `${shown(name)} is not an option.${guess} Known are ${known.join(', ')}.`
}

/** The bounds of {@link checkCount}, and the code of its error. */
export interface CountRule {
  readonly least: number
  readonly most?: number
  readonly code?: ErrorCode
}

/** A whole number within bounds. Throws `InvalidOption`, unless the rule names another code. */
export function checkCount(
  value: unknown,
  field: string,
  { least, most = Number.POSITIVE_INFINITY, code = 'InvalidOption' }: CountRule,
): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  const range = most === Number.POSITIVE_INFINITY ? `from ${least}` : `from ${least} to ${most}`
  throw new QuarterjackError(code, `${field}: ${shown(value)} is not a whole number ${range}.`)
}

/** A list. Throws `InvalidOption` that says what belongs into it. */
export function checkList(value: unknown, field: string, of: string): asserts value is readonly unknown[] {
  if (Array.isArray(value)) return
  throw new QuarterjackError('InvalidOption', `${field}: ${shown(value)} is not a list of ${of}. Put it into [ ].`)
}
