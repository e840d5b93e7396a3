/** What a call is refused with, whether it throws or rejects. */
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'

/** `Code: message`; anything but an error of the library fails the test. */
export async function refusalOf(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (!QuarterjackError.isInstance(error)) throw error
    return `${error.code}: ${error.message}`
  }
  throw new Error('expected a refusal')
}
