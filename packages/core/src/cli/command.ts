/** What a command is: its words, what it needs of the store, and what it gives back. */
import type { Command } from 'commander'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Clock } from '../time/clock.ts'
import type { ExitCode } from './exit-code.ts'
import type { Progress } from './progress.ts'
import type { Layout } from './table.ts'

/** Everything that a command may touch. */
export interface CommandContext {
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  /** Name of the program, for remedies that quote a command line. */
  readonly program: string
  /** Default of `health --url`. */
  readonly healthUrl: string | undefined
  readonly signal: AbortSignal | undefined
  readonly progress: Progress
  /** One line on stderr, whoever watches. */
  readonly warn: (line: string) => void
}

/** What a command found or did: for programs, and for people. */
export interface CommandResult {
  readonly exitCode: ExitCode
  /** The document that `--json` prints. */
  readonly json: object
  readonly text: (layout: Layout) => string
}

/** A command. `O` are its parsed options. */
export interface CliCommand<O = never> {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What the summary does not say: shown by `--help`. */
  readonly details?: string
  /** Command lines without the program's name: shown by `--help`. */
  readonly examples: readonly string[]
  /** True: useless on a store that only the scheduler's own process sees, and refused there. */
  readonly needsSharedStore: boolean | ((context: CommandContext, options: O) => boolean)
  /** Adds arguments and options. */
  readonly define: (command: Command) => Command
  readonly run: (context: CommandContext, args: readonly string[], options: O) => Promise<CommandResult>
  readonly subcommands?: readonly CliCommand[]
}
