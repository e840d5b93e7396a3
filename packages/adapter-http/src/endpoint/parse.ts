/** Parses the parts of a request by the schemas of its endpoint. */
import * as z from 'zod/mini'
import english from 'zod/v4/locales/en.js'
import { Problem, type ProblemCode } from '../problem/problem.ts'

const messages = english()

/** Throws {@link Problem}, which lists every member that does not fit, by its path. Values are not repeated: they may be secrets. */
export function parsePart<T>(schema: z.ZodMiniType<T>, value: unknown, part: { readonly name: string; readonly problem: ProblemCode }): T {
  const result = schema.safeParse(value, { error: messages.localeError })
  if (result.success) return result.data
  const errors = result.error.issues.map(({ path, message }) => ({ path: [part.name, ...path.map(String)].join('.'), message }))
  throw new Problem(part.problem, errors.map(({ path, message }) => `${path}: ${message}`).join('; '), { errors })
}

/** The query as an object: names that come more than once have a list of values. */
export function queryOf(url: string): Readonly<Record<string, string | readonly string[]>> {
  const query: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  for (const [name, value] of new URL(url).searchParams) {
    // Copied by an assignment, it would become the prototype of the copy.
    if (name === '__proto__') throw new Problem('InvalidRequest', 'The query has a parameter named "__proto__".')
    const before = query[name]
    query[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
  }
  return { ...query }
}

/** For endpoints that take no query: names that mean nothing here were meant otherwise. */
export const noQuery: z.ZodMiniType = z.strictObject({})
