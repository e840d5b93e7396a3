/** Errors for people and for programs: one line with a code, never a stack trace unless it is asked for. */
import { CommanderError } from 'commander'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { printable } from './display-width.ts'

/** An error as it is printed: `error [code]: message`, or `{ "error": … }` with `--json`. */
export interface PrintedError {
  /** A code of `docs/errors.md`, `Usage`, or `Unexpected`. */
  readonly code: string
  readonly message: string
}

/** What to say of an error thrown by the parser or by a command. */
export function describeError(error: unknown): PrintedError {
  if (QuarterjackError.isInstance(error)) return { code: error.code, message: error.message }
  if (error instanceof CommanderError) {
    return { code: 'Usage', message: error.message.replace(/^error: /, '').replaceAll('\n', ' ') }
  }
  return { code: 'Unexpected', message: messageOf(error) }
}

/** The line for stderr. */
export function renderError({ code, message }: PrintedError): string {
  return `error [${code}]: ${printable(message, true)}`
}

// Node's connection errors are AggregateErrors with an empty message.
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error.name
}
