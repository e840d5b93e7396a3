/** Checks of options outside the core, in the core's words: a name that is not known, what is missing, what was given instead. */
import type * as z from 'zod/mini'
import { linesOf, type NameHints, type OptionProblem, problemsOf } from './check-options.ts'
import { QuarterjackError } from './quarterjack-error.ts'
import { shown } from './shown.ts'

/** A schema of zod (or zod/mini) 4, whichever copy made it. */
export interface OptionsSchema<Value> {
  readonly _zod: { readonly output: Value }
}

/** How problems of options are told. */
export interface OptionWords {
  /** What to write instead of names that people try, without a full stop. */
  readonly hints?: NameHints
  /** Members whose values may be secrets: they, and what lies below them, are not shown. */
  readonly secret?: ReadonlySet<string> | 'all'
}

/** What the schema makes of the options of `what`. Throws `InvalidOption`, with a line per problem: field, remedy, what was given. */
export function checkedOptions<Value>(
  schema: OptionsSchema<Value>,
  value: unknown,
  { what, ...words }: OptionWords & { readonly what: string },
): Value {
  const read = readOptions(schema, value, words)
  if (read.problems.length === 0) return read.value as Value
  throw new QuarterjackError('InvalidOption', `${what} has invalid options:${linesOf(read.problems)}`)
}

/** The same without an error: `value` counts where there is no problem. */
export function readOptions<Value>(
  schema: OptionsSchema<Value>,
  value: unknown,
  words: OptionWords = {},
): { readonly value: Value | undefined; readonly problems: readonly OptionProblem[] } {
  // Only the types of the copies differ.
  const given = schema as unknown as z.ZodMiniType<Value>
  const result = given.safeParse(value)
  if (result.success) return { value: result.data, problems: [] }
  return { value: undefined, problems: problemsOf(inWords(given, words), value, words.hints) }
}

const MISSING = 'is missing'

type Issue = z.core.$ZodIssue
type Parse = (value: unknown, context: z.core.ParseContext<Issue>) => z.core.util.SafeParseResult<unknown>

/** The schema, with messages that have said all there is to say. */
function inWords(schema: z.ZodMiniType, { secret = new Set() }: OptionWords): z.ZodMiniType {
  const safeParse: Parse = (value, context) => {
    const result = schema.safeParse(value, { ...context, error: (issue) => wordsOf(issue) ?? context.error?.(issue) })
    if (!result.success) for (const issue of result.error.issues) finish(issue, value, secret)
    return result
  }
  return { safeParse } as unknown as z.ZodMiniType
}

/** Says what is missing, or what was given unless it may be a secret. `value` is what the issue's path begins at. */
function finish(issue: Issue, value: unknown, secret: NonNullable<OptionWords['secret']>): void {
  const found = issue.path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  )
  const isHidden = secret === 'all' || issue.path.some((step) => secret.has(String(step)))
  if (issue.code === 'invalid_union') {
    for (const inner of issue.errors.flat()) finish(inner, found, isHidden ? 'all' : secret)
    forgetOtherShapes(issue.errors)
  }
  if (issue.message.endsWith('.')) return
  const isTold = isHidden || (issue.input === undefined && issue.code !== 'invalid_type') || issue.code === 'invalid_key'
  const told = issue as { message: string }
  if (found === undefined && issue.path.length > 0) told.message = `${MISSING}; ${issue.message.replace(/^must /, 'it must ')}.`
  else told.message += isTold ? '.' : `; this is ${shown(found)}.`
}

/** Of several shapes of an object, one that lacks what makes it that shape was not meant. */
function forgetOtherShapes(branches: readonly Issue[][]): void {
  const shapes = branches.filter((branch) => branch.some(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'))
  if (shapes.length < 2) return
  for (const shape of shapes) {
    if (shape.some(({ message, path }) => path.length === 1 && message.startsWith(MISSING))) shape.length = 0
  }
}

/** Of what the schemas of the core do not find, or say themselves. */
function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_union':
      return issue.errors.length === 0 ? undefined : joined(issue.errors.map(([first]) => first?.message ?? ''))
    case 'invalid_key':
      return issue.issues.map(({ message }) => `its name is not usable: ${message}`).join('; ')
    case 'invalid_format':
      return issue.format === 'regex' ? `must match ${issue.pattern}` : undefined
    case 'invalid_type':
      return wordsOfType(issue)
    case 'too_big':
      return sized(issue.origin, `at most ${issue.maximum}`)
    case 'too_small':
      return Number(issue.minimum) > 1 || issue.origin === 'array' ? sized(issue.origin, `at least ${issue.minimum}`) : undefined
    default:
      return undefined
  }
}

function wordsOfType({ expected, path = [], inst }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string | undefined {
  if (expected === 'date') return 'must be a Date'
  if (expected === 'record') return 'must be an object'
  const { shape } = (inst?._zod.def ?? {}) as { readonly shape?: object }
  return path.length === 0 && shape !== undefined ? `must be an object with any of ${Object.keys(shape).join(', ')}` : undefined
}

function sized(origin: string, bound: string): string | undefined {
  if (origin === 'string') return `must have ${bound} characters`
  return origin === 'array' ? `must have ${bound} items` : undefined
}

function joined(alternatives: readonly string[]): string {
  const [first = '', ...others] = new Set(alternatives.filter((words) => words !== ''))
  return [first, ...others.map((words) => words.replace(/^must be /, ''))].join(', or ')
}
