/** What a seed stands for: how many processes, how long, which jobs, and how much of each fault ("swarm testing"). */
import { createDice, type Dice } from './dice.ts'
import { JOB_PLANS, type JobPlan } from './job-plans.ts'

/** What can happen beside ordinary work; the numbers are weights. */
export type Action =
  | 'trigger'
  | 'burst'
  | 'crash'
  | 'start'
  | 'stop'
  | 'pause'
  | 'jump'
  | 'stepStore'
  | 'cut'
  | 'outage'
  | 'redeploy'
  | 'suspend'
  | 'resume'
  | 'setSchedule'
  | 'removeSchedule'
  | 'cancel'
  | 'replay'
  | 'lock'
  | 'tick'
  | 'hint'

/** Chances of what the network does to one call. */
export interface CallFaults {
  /** Typical time on the wire, each way. */
  readonly latencyMs: number
  /** Chance that one way takes long: up to half again as long as the lease. */
  readonly slow: number
  readonly loseRequest: number
  readonly loseReply: number
  /** Of what is lost: how much never answers, rather than failing. */
  readonly hang: number
  readonly duplicate: number
  readonly loseHint: number
}

export interface Swarm {
  readonly seed: number
  /** Epoch ms of the store's clock at time 0. */
  readonly startAt: number
  readonly chaosMs: number
  readonly processes: number
  readonly leaseMs: number
  readonly storeTimeoutMs: number
  readonly abortGraceMs: number
  readonly concurrency: number
  readonly faults: CallFaults
  readonly actions: Readonly<Partial<Record<Action, number>>>
  readonly meanActionMs: number
  readonly plans: readonly JobPlan[]
  /** Deployments, oldest first: which variant of each plan they hold; absent plans are not in that code. The last one is the final one. */
  readonly versions: readonly Readonly<Record<string, number>>[]
  /** An old version stays alive beside the final one. */
  readonly mixedEnd: boolean
}

export const CALM: CallFaults = { latencyMs: 1, slow: 0, loseRequest: 0, loseReply: 0, hang: 0, duplicate: 0, loseHint: 0 }

/** Summer time begins and ends in Berlin near some of them. */
const STARTS = ['2026-01-01T00:00:00Z', '2026-03-29T00:54:30Z', '2026-10-25T00:53:00Z', '2026-06-15T11:59:50.250Z']

const ACTION_WEIGHTS: Readonly<Record<Action, number>> = {
  trigger: 10,
  burst: 3,
  crash: 2,
  start: 4,
  stop: 2,
  pause: 3,
  jump: 1,
  stepStore: 1,
  cut: 2,
  outage: 1,
  redeploy: 2,
  suspend: 1,
  resume: 2,
  setSchedule: 3,
  removeSchedule: 1,
  cancel: 1,
  replay: 1,
  lock: 2,
  tick: 1,
  hint: 1,
}

export function drawSwarm(seed: number): Swarm {
  const dice = createDice(seed, 'swarm')
  const leaseMs = dice.pick([2_000, 4_000, 10_000, 30_000])
  const plans = JOB_PLANS.filter((plan) => plan.always === true || dice.chance(0.55))
  const actions: Partial<Record<Action, number>> = {}
  for (const [action, weight] of Object.entries(ACTION_WEIGHTS) as [Action, number][]) {
    if (action === 'start' || action === 'trigger' || dice.chance(0.6)) actions[action] = weight
  }
  return {
    seed,
    startAt: Date.parse(dice.pick(STARTS)),
    chaosMs: dice.int(300, 900) * 1_000,
    processes: dice.int(2, 5),
    leaseMs,
    storeTimeoutMs: Math.min(5_000, leaseMs / 2),
    abortGraceMs: dice.pick([500, 2_000]),
    concurrency: dice.int(2, 8),
    faults: drawFaults(dice),
    actions,
    meanActionMs: dice.pick([3_000, 6_000, 12_000]),
    plans,
    versions: drawVersions(plans, dice),
    mixedEnd: dice.chance(0.4),
  }
}

function drawFaults(dice: Dice): CallFaults {
  const some = (chance: number): number => (dice.chance(0.5) ? chance * dice.random() : 0)
  return {
    latencyMs: dice.pick([0, 1, 5, 40]),
    slow: some(0.03),
    loseRequest: some(0.06),
    loseReply: some(0.06),
    hang: dice.random(),
    duplicate: some(0.06),
    loseHint: dice.chance(0.5) ? dice.random() : 0,
  }
}

/** Each deployment changes some variants, and leaves some jobs out; the last one knows them all. */
function drawVersions(plans: readonly JobPlan[], dice: Dice): readonly Readonly<Record<string, number>>[] {
  const count = dice.int(1, 4)
  let current: Record<string, number> = Object.fromEntries(plans.map((plan) => [plan.name, 0]))
  const versions: Readonly<Record<string, number>>[] = []
  for (let version = 0; version < count; version++) {
    const isLast = version === count - 1
    const next: Record<string, number> = {}
    for (const plan of plans) {
      if (!isLast && plan.mayLeave === true && dice.chance(0.3)) continue
      const former = current[plan.name] ?? 0
      next[plan.name] = version > 0 && dice.chance(0.4) ? dice.int(0, plan.variants - 1) : former
    }
    versions.push(next)
    current = { ...current, ...next }
  }
  return versions
}
