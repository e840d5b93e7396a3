/** Cuts the line at a call of the store, by its verb: on the line a call is the hash of its script. */
import { untilLost } from '@quarterjack/fault-kit/line'
import { createScripts, type Scripts } from '../../src/scripts/scripts.ts'
import type { CutPoint, RespProxy } from './resp-proxy.ts'

const SCRIPTS = createScripts()

/** Verbs with a short script for what is plain. */
const SHORT_WAYS: Partial<Record<keyof Scripts, keyof Scripts>> = { schedulesFire: 'schedulesFirePlain' }

/** Resolves when the next call of `verb` is lost on its way (`request`), or the reply to it (`reply`); fails when none is made in time. */
export function loseCall(proxy: RespProxy, at: CutPoint['at'], verb: keyof Scripts, patienceMs?: number): Promise<void> {
  const containing = [verb, SHORT_WAYS[verb] ?? verb].map((one) => SCRIPTS[one].sha)
  return untilLost(verb, proxy.cutAt({ at, containing }), patienceMs)
}
