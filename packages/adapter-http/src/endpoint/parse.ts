/** Parses the parts of a request by the schemas of its endpoint. */
import { readOptions } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { Problem, type ProblemCode } from '../problem/problem.ts'

/**
 * Throws {@link Problem}, which lists every member that does not fit, by its path. Values are repeated of queries alone: bodies may
 * hold secrets.
 */
export function parsePart<T>(schema: z.ZodMiniType<T>, value: unknown, part: { readonly name: string; readonly problem: ProblemCode }): T {
  const read = readOptions(schema, value, part.name === 'query' ? {} : { secret: 'all' })
  if (read.problems.length === 0) return read.value as T
  const errors = read.problems.map(({ field, message }) => ({ path: `${part.name}${/^(?:$|\[)/.test(field) ? '' : '.'}${field}`, message }))
  throw new Problem(part.problem, errors.map(({ path, message }) => `${path}: ${message}`).join(' '), { errors })
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
