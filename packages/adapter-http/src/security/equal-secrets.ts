/** Comparing secrets without telling, by the time it takes, how much of them was right. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether `given` is one of `secrets`. All are compared, whole, whichever matches; blank ones match nothing. */
export function isOneOf(given: string, secrets: readonly string[]): boolean {
  const digest = digestOf(given)
  let isFound = false
  for (const secret of secrets) {
    // Of one length, so that not even that is told.
    const isEqual = timingSafeEqual(digest, digestOf(secret))
    isFound = (isEqual && secret.trim() !== '') || isFound
  }
  return isFound
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
