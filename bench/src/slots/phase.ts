/** One row of a scenario, as the measuring process sees it. */
import type { Sample } from '../figure.ts'

export interface PhaseRequest {
  readonly peer: string
  readonly url: string
  readonly isQuick: boolean
}

export type Phase = (request: PhaseRequest) => Promise<Sample>
