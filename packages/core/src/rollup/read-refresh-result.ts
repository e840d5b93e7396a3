/** What a user's refresh answered, checked before anything is recorded. */
import { unknownName } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { truncateText } from '../observe/truncate-text.ts'
import type { Window } from './windows.ts'

/** An answer read. */
export interface ReadRefreshResult {
  /** Why a window's source looks wrong, by the window's start. */
  readonly suspect: ReadonlyMap<number, string>
  /** Starts of the windows whose rows changed; null: it was not told. */
  readonly changed: ReadonlySet<number> | null
}

const NOTHING: ReadRefreshResult = Object.freeze({ suspect: new Map<number, string>(), changed: null })
const MOST_REASON_BYTES = 1_024

/**
 * Reads the answer of a refresh over `windows`. `isCommitted`: of the work in `commitWith`, which may also say what changed. Throws
 * `RefreshResultInvalid`, with the remedy, for a window that it was not given, or an answer that is none.
 */
export function readRefreshResult(
  answer: unknown,
  windows: readonly Window[],
  { rollup, isCommitted }: { readonly rollup: string; readonly isCommitted: boolean },
): ReadRefreshResult {
  if (answer === undefined || answer === null) return NOTHING
  const where = `rollup "${rollup}": ${isCommitted ? 'the work in commitWith' : 'refresh'} returned`
  const known = isCommitted ? ['suspect', 'changed'] : ['suspect']
  if (typeof answer !== 'object' || Array.isArray(answer)) {
    throw invalid(`${where} ${shown(answer)}. Return nothing, or { ${known.join(', ')} }.`)
  }
  for (const name of Object.keys(answer)) {
    if (!known.includes(name)) throw invalid(`${where} ${shown(answer)}: ${unknownName(name, known)} Return nothing where all is well.`)
  }
  const { suspect = [], changed } = answer as { readonly suspect?: unknown; readonly changed?: unknown }
  const starts = new Set(windows.map(({ start }) => start))
  const startOf = (value: unknown, field: string): number => {
    const at = value instanceof Date ? value.getTime() : Number.NaN
    if (starts.has(at)) return at
    throw invalid(
      `${where} ${field}: ${shown(value)}, which is not the start of a window that it was given (${windows.length} from ${iso(windows.at(0)?.start)} to ${iso(windows.at(-1)?.end)}). ` +
        'Nothing was recorded. Return the very `start` of a window of `request.windows`.',
    )
  }
  return {
    suspect: new Map(listOf(suspect, `${where} suspect`).map((one, index) => readSuspect(one, `suspect[${index}]`, { where, startOf }))),
    changed:
      changed === undefined ? null : new Set(listOf(changed, `${where} changed`).map((one, index) => startOf(one, `changed[${index}]`))),
  }
}

function readSuspect(
  value: unknown,
  field: string,
  { where, startOf }: { readonly where: string; readonly startOf: (value: unknown, field: string) => number },
): readonly [number, string] {
  const { start, reason } = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly start?: unknown
    readonly reason?: unknown
  }
  const at = startOf(start, `${field}.start`)
  if (typeof reason === 'string' && reason.trim() !== '') return [at, truncateText(reason, MOST_REASON_BYTES)]
  throw invalid(`${where} ${field}.reason: ${shown(reason)}. Say in words why the source looks wrong.`)
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw invalid(`${what}: ${shown(value)} is not a list of windows. Put it into [ ].`)
}

function iso(at: number | undefined): string {
  return at === undefined ? 'none' : new Date(at).toISOString()
}

function invalid(message: string): QuarterjackError {
  return new QuarterjackError('RefreshResultInvalid', message)
}
