/** Long pure work in portions: whoever drives it can let the event loop turn between them. */

/** Yields after each portion, and returns the result. */
export type Steps<T> = Generator<undefined, T, undefined>

/** Drives steps to their end at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Drives steps, with a pause after each portion. */
export async function driveSteps<T>(steps: Steps<T>, pause: () => Promise<void>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await pause()
  }
}
