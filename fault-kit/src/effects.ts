/** What handlers really did. Each store has a record of its own kind, beside what it tests. */

/** One execution of a run: an attempt that reached its handler. */
export interface Effect {
  readonly runId: string
  readonly fence: number
  readonly job: string
  readonly key: string
  readonly slot: number | null
  readonly attempt: number
  readonly worker: string
  readonly pid: number
  readonly startedAt: number
  /** Null when the process ended before its handler did. */
  readonly endedAt: number | null
  /** `returned`, or the code with which its signal aborted. */
  readonly ending: string | null
}

/** What is known of it when it starts. */
export type EffectStart = Omit<Effect, 'startedAt' | 'endedAt' | 'ending'>

/** The record, for the process that writes it and the one that reads it. It must not suffer from what the store suffers from. */
export interface EffectLog {
  /** Answers how many executions of the run came before. */
  start(effect: EffectStart): Promise<number>
  end(effect: Pick<Effect, 'runId' | 'fence'>, ending: string): Promise<void>
  /** In the order of their starts. */
  all(): Promise<readonly Effect[]>
  /** The record's clock, in ms: that of the machine, and so of every process here. */
  now(): Promise<number>
  close(): Promise<void>
}
