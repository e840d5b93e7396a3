/** The windows part of the memory store, verb by verb. */
import type { WindowStore } from '../store/windows.ts'
import { controlBackfills, createBackfills, findBackfills, getBackfills, stampWindows } from './backfills.ts'
import { drain } from './drain.ts'
import { collect, mark } from './marks.ts'
import { commitWindows, failWindows } from './refreshes.ts'
import { define, forget } from './rollups.ts'
import type { MemoryState } from './state.ts'
import { claimWindows } from './window-claims.ts'
import { pass } from './window-pass.ts'
import { listWindows, rollupStates } from './window-queries.ts'

/** Makes a verb of a step over the store's rows. */
type AsVerb = <Request, Reply>(step: (state: MemoryState, request: Request) => Reply) => (request: Request) => Promise<Reply>

export function windowsPart(verb: AsVerb): WindowStore {
  return {
    define: verb(define),
    forget: verb(forget),
    mark: verb(mark),
    collect: verb(collect),
    drain: verb(drain),
    claim: verb(claimWindows),
    commit: verb(commitWindows),
    fail: verb(failWindows),
    pass: verb(pass),
    state: verb(rollupStates),
    list: verb(listWindows),
    backfills: {
      create: verb(createBackfills),
      stamp: verb(stampWindows),
      control: verb(controlBackfills),
      get: verb(getBackfills),
      find: verb(findBackfills),
    },
  }
}
