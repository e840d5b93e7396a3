/** After the store lost writes: what this process declares is declared again (engine rule 30). */
import type { Logger } from '../observe/logger.ts'
import type { StoreLoss } from '../store/runs.ts'
import type { Clock, TimerHandle } from '../time/clock.ts'
import { MAX_BACKOFF_MS } from './retry-store.ts'

export interface DeclareAgainDeps {
  readonly clock: Clock
  readonly logger: Logger
  /** The store's name. */
  readonly store: string
  readonly register: () => Promise<void>
  readonly onDeclared: () => void
}

export interface DeclareAgain {
  start(): void
  /** Says what was lost, and declares until that succeeds. */
  after(loss: StoreLoss): void
  stop(): void
}

export function createDeclareAgain(deps: DeclareAgainDeps): DeclareAgain {
  let isWanted = false
  let timer: TimerHandle | null = null

  const declare = async (): Promise<void> => {
    if (!isWanted) return
    try {
      await deps.register()
      deps.onDeclared()
    } catch (error) {
      deps.logger.warn({ err: error }, 'the jobs of this process could not be declared again; trying on')
      cancel()
      if (isWanted) timer = deps.clock.setTimer(() => void declare(), MAX_BACKOFF_MS)
    }
  }

  const cancel = (): void => {
    if (timer !== null) deps.clock.clearTimer(timer)
    timer = null
  }

  return {
    start() {
      isWanted = true
    },
    after(loss) {
      const what = loss.everything ? 'everything that was in it' : 'a part of what was in it'
      deps.logger.error(
        { ...loss },
        `store "${deps.store}" lost ${what}. The jobs of this process are declared again; set dynamic schedules and trigger runs again that are gone.`,
      )
      void declare()
    },
    stop() {
      isWanted = false
      cancel()
    },
  }
}
