/** The base of every error that the library throws. */
import type { ErrorCode } from './error-code.ts'

const brand = Symbol.for('quarterjack.error')

/**
 * An error with a stable {@link code}. The message says what happened, to which job or run, and
 * what to do next. Compare codes, or use {@link QuarterjackError.isInstance}: `instanceof` fails
 * when two copies of the package are installed.
 */
export class QuarterjackError extends Error {
  override readonly name: string = 'QuarterjackError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    // Not enumerable: printed errors stay free of it.
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for errors of this library, whichever copy of it made them, optionally of one code. */
  static isInstance(error: unknown, code?: ErrorCode): error is QuarterjackError {
    if (typeof error !== 'object' || error === null || !(brand in error)) return false
    return code === undefined || (error as { readonly code?: unknown }).code === code
  }
}
