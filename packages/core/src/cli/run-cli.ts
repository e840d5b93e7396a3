/** `runCli`: from a command line to output and an exit code. */
import { CommanderError } from 'commander'
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { type CliOptions, type ResolvedCliOptions, resolveCliOptions } from './cli-options.ts'
import type { CliCommand, CommandContext } from './command.ts'
import { printable, printableJson } from './display-width.ts'
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts'
import { describeError, renderError } from './print-error.ts'
import { buildProgram, type CommandInput } from './program.ts'
import { createProgress } from './progress.ts'
import { withProcessStreams } from './process-streams.ts'
import { requireSharedStore } from './require-shared-store.ts'

/**
 * Carries out one command line against a scheduler and resolves with the exit code: 0 ok, 1 the asked
 * thing failed, 2 usage error, 3 the store cannot be used. Never exits the process, never throws, and
 * leaves a scheduler that was not started as it found it; the caller stops it.
 *
 * @param argv The arguments alone: `process.argv.slice(2)`.
 *
 * @example
 * process.exitCode = await runCli(scheduler, process.argv.slice(2), { name: 'my-service' })
 * await scheduler.stop()
 */
export function runCli(scheduler: Scheduler, argv: readonly string[], options: CliOptions = {}): Promise<ExitCode> {
  const io = resolveCliOptions(options)
  return withProcessStreams([io.stdout, io.stderr], () => carryOut(scheduler, argv, { io, options }))
}

interface Given {
  readonly io: ResolvedCliOptions
  readonly options: CliOptions
}

async function carryOut(scheduler: Scheduler, argv: readonly string[], { io, options }: Given): Promise<ExitCode> {
  const context = createContext(scheduler, io)
  let askedOf = ''
  let exitCode: ExitCode = EXIT.ok
  try {
    checkNames(options, OPTION_NAMES, 'runCli')
    checkArguments(argv)
    const program = buildProgram({
      name: io.name,
      columns: io.columns,
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      onExit: (command) => {
        askedOf = ` ${command}`
      },
      invoke: async (command, input) => {
        exitCode = await execute(command, input, { context, io })
      },
    })
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    context.progress.clear()
    return fail(error, { json: Array.isArray(argv) && argv.includes('--json'), help: `${io.name}${askedOf} --help` }, io)
  }
  return exitCode
}

const OPTION_NAMES = ['name', 'stdout', 'stderr', 'env', 'columns', 'isTTY', 'healthUrl', 'signal', 'clock'] as const

/** What Node puts first, its own path and the program's, is no command. */
function checkArguments(argv: unknown): void {
  const remedy = 'Pass the arguments alone: runCli(scheduler, process.argv.slice(2)).'
  if (!Array.isArray(argv)) throw new QuarterjackError('InvalidOption', `runCli: argv: ${shown(argv)} is not a list. ${remedy}`)
  if (argv[0] === process.execPath) throw new QuarterjackError('InvalidOption', `runCli: argv begins with the path of Node. ${remedy}`)
}

interface Surroundings {
  readonly context: CommandContext
  readonly io: ResolvedCliOptions
}

async function execute(command: CliCommand, { name, args, options, json }: CommandInput, { context, io }: Surroundings): Promise<ExitCode> {
  const { needsSharedStore } = command
  const needed = typeof needsSharedStore === 'function' ? needsSharedStore(context, options) : needsSharedStore
  if (needed) await requireSharedStore(context.scheduler, context.program, name)
  const result = await command.run(context, args, options)
  context.progress.clear()
  io.stdout.write(`${json ? printableJson(result.json) : printable(result.text({ width: io.columns }), true)}\n`)
  return result.exitCode
}

function fail(error: unknown, { json, help }: { readonly json: boolean; readonly help: string }, io: ResolvedCliOptions): ExitCode {
  if (error instanceof CommanderError && error.code.startsWith('commander.help')) {
    // Help that was asked for is no error; help because nothing was asked is.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
  const printed = describeError(error)
  if (json) io.stdout.write(`${printableJson({ error: printed })}\n`)
  io.stderr.write(`${renderError(printed)}\n`)
  if (error instanceof CommanderError) {
    io.stderr.write(`See "${help}".\n`)
    return EXIT.usage
  }
  if (printed.code === 'Unexpected' && error instanceof Error) {
    const stack = io.env.QUARTERJACK_DEBUG ? error.stack : undefined
    io.stderr.write(stack === undefined ? 'Set QUARTERJACK_DEBUG=1 to see where it came from.\n' : `${printable(stack, true)}\n`)
  }
  return exitCodeOf(error)
}

function createContext(scheduler: Scheduler, io: ResolvedCliOptions): CommandContext {
  const progress = createProgress(io.stderr, io.showProgress, io.errColumns)
  return {
    scheduler,
    clock: io.clock,
    env: io.env,
    program: io.name,
    healthUrl: io.healthUrl,
    signal: io.signal,
    progress,
    warn: (line) => {
      progress.clear()
      io.stderr.write(`warning: ${printable(line)}\n`)
    },
  }
}
