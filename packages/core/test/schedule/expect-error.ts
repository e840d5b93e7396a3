/** What a refused call says. */
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'

/** `Code: message` of the library's error that `run` throws; fails when it throws none, or another kind of error. */
export function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (QuarterjackError.isInstance(error)) return `${error.code}: ${error.message}`
    throw error
  }
  throw new Error('nothing was thrown')
}
