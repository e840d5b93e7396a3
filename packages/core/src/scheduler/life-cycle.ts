/** The life of a scheduler: at rest, starting, started, stopping, stopped. One change at a time, each told to all who ask for it. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'

/** What a change of phase does. */
export interface LifeCycleDeps<Beginning, End> {
  begin(beginning: Beginning): Promise<void>
  /** Undoes a beginning that failed. Never rejects. */
  undo(): Promise<unknown>
  end(graceMs: number): Promise<End>
  /** The answer to a stop of what was never started. */
  readonly nothing: End
}

export interface LifeCycle<Beginning, End> {
  /** Throws `AlreadyStarted`. What fails leaves it at rest. */
  begin(beginning: Beginning): Promise<void>
  /** Stops once; whoever asks meanwhile, or later, gets the same answer. A start under way is waited for. */
  end(graceMs: number): Promise<End>
  /** Stopped for now, and free to begin again. */
  rest(): void
  /** False as well when it was stopped while it started. */
  isRunning(): boolean
  isStopped(): boolean
  /** Why the newest beginning failed; null once one did not. */
  readonly failure: string | null
}

export function createLifeCycle<Beginning, End>(deps: LifeCycleDeps<Beginning, End>): LifeCycle<Beginning, End> {
  let phase: 'idle' | 'starting' | 'started' | 'stopping' | 'stopped' = 'idle'
  let starting: Promise<void> | null = null
  let stopping: Promise<End> | null = null
  let failure: string | null = null

  const start = async (beginning: Beginning): Promise<void> => {
    try {
      await deps.begin(beginning)
      phase = 'started'
      failure = null
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
      await deps.undo()
      phase = 'idle'
      throw error
    } finally {
      starting = null
    }
  }

  const stop = async (graceMs: number): Promise<End> => {
    phase = 'stopping'
    return deps.end(graceMs).finally(() => {
      phase = 'stopped'
    })
  }

  return {
    async begin(beginning) {
      if (phase === 'starting' || phase === 'started' || phase === 'stopping') {
        throw new QuarterjackError('AlreadyStarted', `the scheduler is ${phase}; start() and tick() need one that is not. Stop it first.`)
      }
      phase = 'starting'
      starting = start(beginning)
      return starting
    },
    async end(graceMs) {
      await starting?.catch(() => undefined)
      if (phase === 'started') stopping = stop(graceMs)
      return (phase === 'idle' ? null : stopping) ?? deps.nothing
    },
    rest() {
      phase = 'idle'
    },
    isRunning: () => phase === 'started',
    isStopped: () => phase === 'stopped',
    get failure() {
      return failure
    },
  }
}
