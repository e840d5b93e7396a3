/** After the store lost writes: what this process declares is declared again (engine rule 30). */
import type { Logger } from '../observe/logger.ts'
import type { StoreLoss } from '../store/runs.ts'
import type { Clock } from '../time/clock.ts'
import { MAX_BACKOFF_MS } from './retry-store.ts'

export interface DeclareAgainDeps {
  readonly clock: Clock
  readonly logger: Logger
  /** The store's name. */
  readonly store: string
  /** False once this process stops. */
  readonly isWanted: () => boolean
  readonly register: () => Promise<void>
  readonly onDeclared: () => void
}

/** Says what was lost, and declares until that succeeds. */
export function createDeclareAgain(deps: DeclareAgainDeps): (loss: StoreLoss) => void {
  const declare = async (): Promise<void> => {
    if (!deps.isWanted()) return
    try {
      await deps.register()
      deps.onDeclared()
    } catch (error) {
      deps.logger.warn({ err: error }, 'the jobs of this process could not be declared again; trying on')
      deps.clock.setTimer(() => void declare(), MAX_BACKOFF_MS)
    }
  }
  return (loss) => {
    const what = loss.everything ? 'everything that was in it' : 'a part of what was in it'
    deps.logger.error(
      { ...loss },
      `store "${deps.store}" lost ${what}. The jobs of this process are declared again; dynamic schedules and pending runs that are gone must be set and triggered again.`,
    )
    void declare()
  }
}
