/** Cuts the line at a call of the store, by its verb: on the line a call is the hash of its script. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScripts, type Scripts } from '../../src/scripts/scripts.ts'
import type { CutPoint, RespProxy } from './resp-proxy.ts'

const PATIENCE_MS = 10_000
const SCRIPTS = createScripts()

/** Resolves when the next call of `verb` is lost on its way (`request`), or the reply to it (`reply`). */
export async function loseCall(proxy: RespProxy, at: CutPoint['at'], verb: keyof Scripts): Promise<void> {
  const patience = new AbortController()
  const tooLate = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`No call of ${verb} within ${PATIENCE_MS} ms.`)
  })
  tooLate.catch(() => undefined)
  await Promise.race([proxy.cutAt({ at, containing: SCRIPTS[verb].sha }), tooLate])
  patience.abort()
}
