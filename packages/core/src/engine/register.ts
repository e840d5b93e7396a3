/** Brings this process's definitions into the store; additive, repeatable, safe against others doing the same. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { definitionHash } from '../job/definition-hash.ts'
import type { JobPolicy } from '../job/job.ts'
import { deserialisePayload, parsePayload, serialisePayload } from '../job/payload.ts'
import type { Logger } from '../observe/logger.ts'
import { describeNoSlot } from '../schedule/no-slot.ts'
import { parseSpec } from '../schedule/resolve-spec.ts'
import type { ScheduleRecord } from '../store/records.ts'
import type { Registration } from '../store/schedules.ts'
import type { Store } from '../store/store.ts'
import { planRegistration, type RegistrationPlan } from './plan-registration.ts'
import type { StoreLink } from './store-link.ts'

/** A definition, checked and hashed, ready to be declared. */
export interface Definition {
  readonly policy: JobPolicy
  readonly hash: string
  readonly payloads: readonly (string | null)[]
}

const GONE: RegistrationPlan = { kind: 'superseded' }

/** How often a registration that lost a race is planned again. */
const MAX_ROUNDS = 20

/** Checks the payloads of static schedules and start runs before anything is written. Throws `Payload…` errors. */
export async function prepareDefinition(policy: JobPolicy, maxPayloadBytes: number): Promise<Definition> {
  const payloads: (string | null)[] = []
  for (const { name, schedule } of policy.schedules) {
    const what = `schedule ${name} of job "${policy.name}"`
    const text = serialisePayload(schedule.payload, maxPayloadBytes, what)
    await parsePayload(policy.payload, deserialisePayload(text), what)
    payloads.push(text)
  }
  if (policy.runOnStart !== null) {
    const what = `runOnStart of job "${policy.name}"`
    await parsePayload(policy.payload, deserialisePayload(serialisePayload(startPayload(policy), maxPayloadBytes, what)), what)
  }
  return { policy, hash: definitionHash(policy), payloads }
}

/** The payload of the start run: its own, else the first schedule's. */
export function startPayload(policy: JobPolicy): unknown {
  return policy.runOnStart?.payload ?? policy.schedules[0]?.schedule.payload
}

/** What became of each definition: its generation in the store, and whether it is the current one. */
export interface Standing {
  readonly generation: number
  readonly current: boolean
}

export async function registerDefinitions(
  definitions: readonly Definition[],
  deps: {
    readonly link: StoreLink
    readonly call: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
    readonly nextId: () => string
    /** False for definitions that were registered before: one that is gone since has another name now, and must not come back beside it. */
    readonly mayCreate: boolean
    readonly logger: Logger
  },
): Promise<ReadonlyMap<string, Standing>> {
  const standings = new Map<string, Standing>()
  let open = definitions
  for (let round = 0; open.length > 0; round++) {
    if (round === MAX_ROUNDS) {
      const names = open.map(({ policy }) => policy.name).join(', ')
      throw new QuarterjackError(
        'StoreUnavailable',
        `registration of ${names} lost ${MAX_ROUNDS} races in a row. Is another process changing these definitions in a loop?`,
      )
    }
    open = await registerRound(open, standings, deps)
  }
  return standings
}

/** One load, plan and write; returns the definitions that lost a race and must be planned again. */
async function registerRound(
  definitions: readonly Definition[],
  standings: Map<string, Standing>,
  deps: Parameters<typeof registerDefinitions>[1],
): Promise<readonly Definition[]> {
  const jobs = definitions.flatMap(({ policy }) => (policy.renamedFrom === null ? [policy.name] : [policy.name, policy.renamedFrom]))
  const loaded = await deps.call('schedules.load', (store) => store.schedules.load({ jobs }))
  const plans = definitions.map((definition): RegistrationPlan => {
    const { policy, hash, payloads } = definition
    const record = loaded.jobs.find((one) => one.job === policy.name) ?? null
    if (record === null && !deps.mayCreate) return GONE
    // A renamed job takes its cursors along: plan from the old name's schedules.
    const home = record === null ? (policy.renamedFrom ?? policy.name) : policy.name
    const schedules = loaded.schedules.filter((one) => one.job === home)
    return planRegistration({ policy, hash, payloads, record, schedules, asOf: loaded.storeNow, nextId: deps.nextId })
  })
  definitions.forEach(({ policy }, index) => {
    const record = loaded.jobs.find((one) => one.job === policy.name)
    if (plans[index]?.kind !== 'register')
      standings.set(policy.name, { generation: record?.generation ?? 0, current: plans[index]?.kind === 'current' })
  })
  const writing = definitions.filter((_, index) => plans[index]?.kind === 'register')
  if (writing.length === 0) return []
  const registering = plans.filter(isRegistering)
  const registrations = registering.map((plan) => plan.registration)
  const reply = await deps.call('schedules.register', (store) => store.schedules.register({ registrations }))
  return writing.filter(({ policy }, index) => {
    const answer = reply.replies[index]
    if (answer?.status !== 'registered') return true
    standings.set(policy.name, { generation: answer.generation, current: true })
    const plan = registering[index]
    if (plan === undefined) return false
    if (plan.missing.length > 0) deps.logger.warn({ job: policy.name }, `schedules ${plan.missing.join()} were lost, and are made again`)
    warnOfSpent(plan.registration, loaded.schedules, deps.logger)
    return false
  })
}

/** Of schedules that are new or changed; one that fired its last slot before is done, and no news. */
function warnOfSpent({ job, schedules, renamedFrom }: Registration, known: readonly ScheduleRecord[], logger: Logger): void {
  for (const { name, spec, nextSlot } of schedules) {
    const isKnown = known.some((one) => (one.job === job || one.job === renamedFrom) && one.name === name && one.spec === spec)
    if (nextSlot !== null || isKnown) continue
    logger.warn({ job, schedule: name }, `schedule ${name} of job "${job}" will never fire: ${describeNoSlot(parseSpec(spec))}.`)
  }
}

type Registering = Extract<RegistrationPlan, { kind: 'register' }>

function isRegistering(plan: RegistrationPlan): plan is Registering {
  return plan.kind === 'register'
}
