/** What a schema is made of, and how its versions follow each other. */
import type { SqlFunction } from './sql-function.ts'

/** One step forward. Steps are never changed once released; functions are written anew with each. */
export interface Migration {
  /** From 1, without gaps. */
  readonly version: number
  /** For people: what it brings. */
  readonly name: string
  /** Statements with unqualified names; empty when only functions changed. */
  readonly sql: string
  /** The oldest version of the code that still works on the result; the one before this, unless the step breaks it. */
  readonly oldestCode: number
}

/** The functions of the schema, in the order of their creation. */
export interface SchemaFunctions {
  /** Called by clients, with one parameter of type json, or with several of type text. They set their own search_path, and have no namesakes. */
  readonly public: readonly SqlFunction[]
  /** Called by others of the schema. */
  readonly internal: readonly SqlFunction[]
}

/** Everything. */
export interface SchemaParts {
  readonly migrations: readonly Migration[]
  readonly functions: SchemaFunctions
}

/** The version that this code writes. */
export function versionOf({ migrations }: SchemaParts): number {
  return migrations.at(-1)?.version ?? 0
}
