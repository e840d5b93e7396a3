/** One server for all tests of a suite. */
import { afterAll, beforeAll } from 'vitest'
import type { Ground, GroundServer } from './ground.ts'

/** Starts it before the tests, and ends it after them; ask for it within a test. */
export function shareServer(ground: Ground): () => GroundServer {
  let server: GroundServer | undefined
  // A missing program is installed first.
  beforeAll(async () => {
    server = await ground.startServer()
  }, 600_000)
  afterAll(() => server?.[Symbol.asyncDispose]())
  return () => server as GroundServer
}
