/** Builds commander's program from the registry. Nothing here ever exits the process. */
import { Command, Option } from 'commander'
import type { CliCommand } from './command.ts'
import { COMMAND_GROUPS } from './registry.ts'

/** What the program needs of its surroundings. */
export interface ProgramOptions {
  readonly name: string
  readonly columns: number | null
  readonly writeOut: (text: string) => void
  readonly writeErr: (text: string) => void
  /** Called with the name of the command that was asked wrongly, or for its help. */
  readonly onExit: (command: string) => void
  /** Called with the parsed command. */
  readonly invoke: (command: CliCommand, input: CommandInput) => Promise<void>
}

/** What was typed, parsed. `options` has the shape that the command declares. */
export interface CommandInput {
  /** With its parent's name: `runs show`. */
  readonly name: string
  readonly args: readonly string[]
  readonly options: never
  readonly json: boolean
}

/** A program that throws `CommanderError` where commander alone would exit. */
export function buildProgram(options: ProgramOptions): Command {
  const json = new Option('--json', 'print one JSON document')
  const program = new Command(options.name)
    .description('Looks at the jobs of this service, runs them and controls them.')
    .addOption(json)
    .exitOverride()
    // Of `runs show`, the options of `runs` are not meant.
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: (command) => (command.parent === null ? [] : [json]) })
    .configureOutput({
      writeOut: options.writeOut,
      writeErr: options.writeErr,
      getOutHelpWidth: () => options.columns ?? 100,
      getErrHelpWidth: () => options.columns ?? 100,
      // The caller prints errors, as text or as JSON.
      outputError: () => {},
    })
    .addHelpText('after', `\nExit codes: 0 ok, 1 the asked thing failed, 2 asked wrongly, 3 the store cannot be used.`)
  for (const { heading, commands } of COMMAND_GROUPS) {
    for (const command of commands) addCommand(program, command, { ...options, heading, prefix: '' })
  }
  return program
}

function addCommand(
  parent: Command,
  spec: CliCommand,
  options: ProgramOptions & { readonly heading?: string; readonly prefix: string },
): void {
  const name = `${options.prefix}${spec.name}`
  const command = spec
    .define(parent.command(spec.name))
    .summary(spec.summary)
    .description(spec.details === undefined ? spec.summary : `${spec.summary}\n\n${spec.details}`)
    .addHelpText('after', `\nExamples:\n${spec.examples.map((example) => `  ${options.name} ${example}`).join('\n')}`)
    .allowExcessArguments(false)
    .exitOverride((error) => {
      options.onExit(name)
      throw error
    })
  if (options.heading !== undefined) command.helpGroup(options.heading)
  command.action(async () => {
    const { json } = command.optsWithGlobals<{ readonly json?: boolean }>()
    const args = (command.processedArgs as readonly (string | undefined)[]).filter((arg) => arg !== undefined)
    await options.invoke(spec, { name, args, options: command.opts() as never, json: json === true })
  })
  for (const subcommand of spec.subcommands ?? []) {
    const { heading: _heading, ...rest } = options
    addCommand(command, subcommand, { ...rest, prefix: `${name} ` })
  }
}
