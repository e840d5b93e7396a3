/** The engine of a scheduler's rollups, on its store. */
import { createRollupEngine, type RollupEngine } from '../engine/rollup-engine.ts'
import { windowsOf } from '../trigger/marker.ts'
import type { RollupEngineOptions } from './rollup-parts.ts'

export function createRollups({ store, engine, ...options }: RollupEngineOptions): RollupEngine {
  return createRollupEngine({
    ...options,
    windows: windowsOf(store),
    call: (verb, run) => engine().call(verb, (opened) => run(windowsOf(opened))),
    enqueue: (request) => engine().enqueue({ request, merge: null }),
    registerAgain: () => engine().registerAgain(),
    stir: () => engine().stir(),
  })
}
