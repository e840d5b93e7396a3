/** The base of every error that the library throws. */
import type { ErrorCode } from './error-code.ts'

const brand = Symbol.for('quarterjack.error')

/** What an error carries beside its words. */
export interface QuarterjackErrorOptions extends ErrorOptions {
  /** Default false. */
  readonly serverWide?: boolean
}

/**
 * An error with a stable {@link code}. The message says what happened, to which job or run, and
 * what to do next. Compare codes, or use {@link QuarterjackError.isInstance}: `instanceof` fails
 * when two copies of the package are installed.
 */
export class QuarterjackError extends Error {
  override readonly name: string = 'QuarterjackError'
  readonly code: ErrorCode
  /** Of a store: its server is in a state in which it refuses whatever is written, not this alone (its disk is full, it is a replica). */
  declare readonly serverWide: boolean

  constructor(code: ErrorCode, message: string, { serverWide = false, ...options }: QuarterjackErrorOptions = {}) {
    super(message, options)
    this.code = code
    // Not enumerable: printed errors stay free of them.
    Object.defineProperty(this, brand, { value: true })
    Object.defineProperty(this, 'serverWide', { value: serverWide })
  }

  /** True for errors of this library, whichever copy of it made them, optionally of one code. */
  static isInstance(error: unknown, code?: ErrorCode): error is QuarterjackError {
    if (typeof error !== 'object' || error === null || !(brand in error)) return false
    return code === undefined || (error as { readonly code?: unknown }).code === code
  }
}
