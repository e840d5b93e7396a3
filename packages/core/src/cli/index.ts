/** Public entry `@quarterjack/core/cli`. */

// Carries out a command line
export { runCli } from './run-cli.ts'
// Its options and exit codes
export type { CliOptions, CliStream } from './cli-options.ts'
export { EXIT, type ExitCode } from './exit-code.ts'
