/** Options of `runCli` and their defaults. */
import { type Clock, systemClock } from '../time/clock.ts'

/** Where the CLI writes: `process.stdout`, or anything with a `write`. */
export interface CliStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Options of {@link runCli}. All have defaults that fit a program started from a shell. */
export interface CliOptions {
  /** Name of the program in help and remedies. Default `'quarterjack'`. */
  readonly name?: string
  /** Results. Default `process.stdout`. */
  readonly stdout?: CliStream
  /** Errors, warnings, progress. Default `process.stderr`. */
  readonly stderr?: CliStream
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Width of the terminal. Default: the stream's; without a terminal nothing is cut. */
  readonly columns?: number
  /** Treat both streams as terminals, or neither. Default: what each says of itself. */
  readonly isTTY?: boolean
  /** Where `health` asks the running process, when neither `--url` nor `QUARTERJACK_HEALTH_URL` says. */
  readonly healthUrl?: string
  /** Ends a waiting command early: `run` gives its run back and stops. */
  readonly signal?: AbortSignal
  /** For tests. */
  readonly clock?: Clock
}

/** {@link CliOptions} with everything filled in. */
export interface ResolvedCliOptions {
  readonly name: string
  readonly stdout: CliStream
  readonly stderr: CliStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of stdout; `null` when it is not a terminal. */
  readonly columns: number | null
  readonly errColumns: number
  readonly showProgress: boolean
  readonly healthUrl: string | undefined
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
}

const DEFAULT_COLUMNS = 80

/** Fills in the defaults. */
export function resolveCliOptions(options: CliOptions): ResolvedCliOptions {
  const stdout = options.stdout ?? process.stdout
  const stderr = options.stderr ?? process.stderr
  const isTerminal = options.isTTY ?? stdout.isTTY === true
  return {
    name: options.name ?? 'quarterjack',
    stdout,
    stderr,
    env: options.env ?? process.env,
    // A terminal that does not know its width says 0.
    columns: isTerminal ? options.columns || stdout.columns || DEFAULT_COLUMNS : null,
    errColumns: options.columns || stderr.columns || DEFAULT_COLUMNS,
    showProgress: options.isTTY ?? stderr.isTTY === true,
    healthUrl: options.healthUrl,
    signal: options.signal,
    clock: options.clock ?? systemClock,
  }
}
