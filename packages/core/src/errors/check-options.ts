/** Checks definitions against a schema: every problem at once, each with its field, its value and the remedy. */
import type * as z from 'zod/mini'
import { unknownName } from './check-call.ts'
import { QuarterjackError } from './quarterjack-error.ts'
import { shown } from './shown.ts'

/** One thing that is wrong; `field` is empty for the options as a whole. */
export interface OptionProblem {
  readonly field: string
  readonly message: string
}

/** What to write instead of names that people try; for a known name, what it takes. */
export type NameHints = Readonly<Record<string, string>>

/** Throws `InvalidOption`: `what`, then a line per problem. */
export function checkOptions(schema: z.ZodMiniType, value: unknown, what: string): void {
  const problems = problemsOf(schema, value)
  if (problems.length > 0) throw new QuarterjackError('InvalidOption', `${what} has invalid options:${linesOf(problems)}`)
}

/** Every problem of a value, in the order of the schema. */
export function problemsOf(schema: z.ZodMiniType, value: unknown, hints: NameHints = {}): readonly OptionProblem[] {
  // Passed with each parse: zod's own configuration is global, and the user's.
  const result = schema.safeParse(value, { reportInput: true, error: (issue) => wordsOf(issue, hints) })
  return result.success ? [] : result.error.issues.flatMap((issue) => problems(issue, []))
}

/** A line per problem. */
export function linesOf(problems: readonly OptionProblem[]): string {
  return problems.map(({ field, message }) => `\n  ${field === '' ? '' : `${field}: `}${message}`).join('')
}

/** Of the shapes that a value may have, the one that it was meant to have tells more than their list. */
function problems(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): readonly OptionProblem[] {
  const path = [...above, ...issue.path]
  const meant = issue.code === 'invalid_union' ? issue.errors.find((branch) => branch.some(isInside)) : undefined
  if (meant !== undefined) return meant.flatMap((inner) => problems(inner, path))
  const field = path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`)).join('')
  // What was written by hand, and ends in a full stop, has said all there is to say.
  const got = issue.message.endsWith('.') ? '' : `; this is ${shown(issue.input)}.`
  return issue.message.split('\n').map((line) => ({ field, message: `${line}${got}` }))
}

function isInside({ code, path }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === 'unrecognized_keys'
}

/** The words for what the schemas here can find, a line per name; those of `custom` stand beside the check. */
function wordsOf(issue: z.core.$ZodRawIssue, hints: NameHints): string {
  switch (issue.code) {
    case 'invalid_type': {
      const hint = hints[(issue.path ?? []).join('.')]
      return `must be ${TYPES[issue.expected] ?? issue.expected}${hint === undefined ? '' : `: ${hint}`}`
    }
    case 'invalid_value':
      return `use ${issue.values.map((one) => shown(one)).join(' or ')}`
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be ${issue.minimum} or more`
    case 'too_big':
      return `must be ${issue.maximum} or less`
    case 'unrecognized_keys':
      return issue.keys.map((name) => wordsOfName(name, issue, hints)).join('\n')
    default:
      return 'is not valid'
  }
}

const TYPES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
}

function wordsOfName(name: string, issue: z.core.$ZodRawIssue, hints: NameHints): string {
  const isOutermost = (issue.path ?? []).length === 0
  if (isOutermost && Object.hasOwn(hints, name)) return `${shown(name)} is not an option: ${hints[name]}.`
  const { shape = {} } = (issue.inst?._zod.def ?? {}) as { readonly shape?: object }
  return unknownName(name, Object.keys(shape))
}
