/** Everything that a simulation holds. */
import type { JobPolicy } from '../../src/job/job.ts'
import type { Scheduler } from '../../src/scheduler/scheduler.ts'
import type { Job } from '../../src/job/job.ts'
import type { Store } from '../../src/store/store.ts'
import type { Dice } from './dice.ts'
import type { FaultyStore, Wire } from './faulty-store.ts'
import type { History } from './history.ts'
import type { LeasesModel } from './model/leases.ts'
import type { OwnersModel } from './model/owners.ts'
import type { RunsModel } from './model/runs.ts'
import type { SchedulesModel } from './model/schedules.ts'
import type { TriggersModel } from './model/triggers.ts'
import type { Oracle } from './oracle.ts'
import type { SimProcess } from './sim-process.ts'
import type { StoreTime } from './store-time.ts'
import type { Subject } from './subject.ts'
import type { Swarm } from './swarm.ts'
import type { Timeline } from './timeline.ts'

/** A process that runs a scheduler of some deployed version. */
export interface Replica {
  readonly process: SimProcess
  readonly version: number
  readonly scheduler: Scheduler
  readonly jobs: ReadonlyMap<string, Job<number[] | undefined, unknown>>
  readonly store: Store
  readonly hint: FaultyStore['hint']
  phase: 'client' | 'starting' | 'started' | 'ticking' | 'stopping' | 'gone'
  /** Calls of users on this scheduler that were not answered yet. */
  pending: number
  /** Its last effective call of each verb, on the timeline. */
  readonly lastCalls: Map<string, number>
}

/** Nothing gets through (1), only requests do (0), or either by chance. */
export interface Cut {
  readonly until: number
  readonly losesRequests: number
}

export interface World {
  readonly swarm: Swarm
  readonly subject: Subject
  readonly timeline: Timeline
  readonly history: History
  readonly storeTime: StoreTime
  /** The store itself, without faults. */
  readonly store: Store
  readonly wire: Wire
  readonly dice: { readonly actions: Dice; readonly handlers: Dice }
  readonly owners: OwnersModel
  readonly leases: LeasesModel
  readonly runs: RunsModel
  readonly schedules: SchedulesModel
  readonly triggers: TriggersModel
  readonly oracle: Oracle
  /** The final version's policies: what plans fix is the same in all. */
  readonly policies: ReadonlyMap<string, JobPolicy>
  /** Every replica that ever was, oldest first. */
  readonly replicas: Replica[]
  /** A process that triggers and controls, and executes nothing. */
  client: Replica | null
  /** Handlers behave; the network works. */
  calm: boolean
  /** Probe handlers take long. */
  probing: boolean
  /** What gets through to and from these processes, and until when. */
  readonly cuts: Map<SimProcess, Cut>
  outage: Cut
  /** Suspended by `suspend` calls that took effect: jobs, and `job/schedule`. */
  readonly suspended: Set<string>
  /** What befalls a process when its next call of that verb takes effect, before it hears of it. */
  readonly ambushes: Map<SimProcess, { readonly verb: string; readonly strike: () => void }>
  /** False once the simulation winds up: nothing new is started. */
  open: boolean
  nextSequence(): number
  crash(process: SimProcess): void
  /** The highest limit that a gate has in any version. */
  limitOf(gate: string): number
}

/** Replicas whose process lives, paused ones included. */
export function alive(world: World): readonly Replica[] {
  return world.replicas.filter(({ process, phase }) => process.state !== 'dead' && phase !== 'gone' && phase !== 'client')
}

/** Replicas that could do something now. */
export function running(world: World): readonly Replica[] {
  return alive(world).filter(({ process, phase }) => process.state === 'running' && phase === 'started')
}
