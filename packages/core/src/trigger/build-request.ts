/** From a trigger's arguments to a request the store understands. */
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { JOB_DEFAULTS } from '../job/defaults.ts'
import { resolveDebounce } from '../job/debounce.ts'
import type { JobPolicy, ResolvedDebounce } from '../job/job.ts'
import type { AnyDebounce } from '../job/trigger-options.ts'
import { checkTrace, type TraceContext } from '../observe/trace-context.ts'
import { parsePayload, serialisePayload, deserialisePayload } from '../job/payload.ts'
import { toInstant } from '../time/instant.ts'
import { parseDuration, type Duration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'
import type { EnqueueRequest } from '../store/runs.ts'
import type { Trigger } from './coalesce.ts'
import { gatesOf } from './gates-of.ts'

/** The options of one trigger, as the facade takes them. */
export interface TriggerRequestOptions {
  readonly key?: string | undefined
  readonly delay?: Duration | undefined
  readonly runAt?: Instant | undefined
  readonly priority?: number | undefined
  readonly idempotencyKey?: string | undefined
  readonly idempotencyTtl?: Duration | undefined
  readonly debounce?: AnyDebounce | false | undefined
  readonly overlap?: 'skip' | undefined
  readonly trace?: TraceContext | undefined
}

/** Prefix of the idempotency keys that the library itself uses. */
export const RESERVED_KEY_PREFIX = 'quarterjack:'

const MAX_KEY_LENGTH = 512

/** The options of one trigger; `tx` is the facade's. */
export const TRIGGER_NAMES: readonly string[] = [
  'key',
  'delay',
  'runAt',
  'priority',
  'idempotencyKey',
  'idempotencyTtl',
  'debounce',
  'overlap',
  'trace',
  'tx',
]

/** What a request carries beside the options of its trigger. */
export interface TriggerContext {
  readonly id: string
  readonly maxPayloadBytes: number
  /** As it is stored. */
  readonly trace?: string | undefined
  /** In place of the key among the options. */
  readonly idempotency?: EnqueueRequest['idempotency']
}

/**
 * Validates everything before anything is sent. Throws `Payload…`, `InvalidOption`, `InvalidDuration` or `InvalidInstant`.
 * A promise only where the job's schema gives one: triggers may come by the thousand.
 */
export function buildTrigger(
  policy: JobPolicy,
  payload: unknown,
  options: TriggerRequestOptions,
  context: TriggerContext,
): Trigger | Promise<Trigger> {
  const what = `trigger of job "${policy.name}"`
  checkNames(options, TRIGGER_NAMES, what)
  const key = checkKey(options.key ?? '', `${what}: key`)
  if (policy.payload === null && isMeantAsOptions(payload)) {
    throw new QuarterjackError(
      'PayloadInvalid',
      `${what}: it takes no payload. Options come third: trigger(job, undefined, ${shown(payload)}).`,
    )
  }
  const text = serialisePayload(payload, context.maxPayloadBytes, what)
  const parsed = parsePayload(policy.payload, deserialisePayload(text), what)
  const asked = { policy, options, key, text }
  return parsed instanceof Promise ? parsed.then(() => toTrigger(asked, what, context)) : toTrigger(asked, what, context)
}

/** A trigger whose payload fits. */
interface Asked {
  readonly policy: JobPolicy
  readonly options: TriggerRequestOptions
  readonly key: string
  /** The payload. */
  readonly text: string | null
}

function toTrigger({ policy, options, key, text }: Asked, what: string, context: TriggerContext): Trigger {
  if (options.delay !== undefined && options.runAt !== undefined) {
    throw new QuarterjackError('InvalidOption', `${what}: delay and runAt were both given; give one of them.`)
  }
  if (options.overlap !== undefined && options.overlap !== 'skip') {
    throw new QuarterjackError('InvalidOption', `${what}: overlap: ${shown(options.overlap)} is not possible here; only "skip" is.`)
  }
  if (options.trace !== undefined) checkTrace(options.trace, `${what}: trace`)
  const debounce =
    options.debounce === undefined
      ? policy.debounce
      : options.debounce === false
        ? null
        : resolveDebounce(options.debounce, `${what}: debounce`)
  if (debounce !== null && (options.delay !== undefined || options.runAt !== undefined)) {
    throw new QuarterjackError(
      'InvalidOption',
      `${what}: a debounced trigger takes no delay or runAt; its start follows from debounce.wait. Pass debounce: false to delay it.`,
    )
  }
  const merges = typeof debounce?.merge === 'function'
  return {
    merge: merges ? (debounce.merge as Trigger['merge']) : null,
    request: {
      id: context.id,
      job: policy.name,
      key,
      trigger: debounce === null ? 'manual' : 'debounce',
      payload: text,
      merging: merges && text !== null ? [text] : undefined,
      triggers: 1,
      priority: checkPriority(options.priority ?? policy.priority, what),
      delayMs: options.delay === undefined ? 0 : parseDuration(options.delay, `${what}: delay`),
      runAt: options.runAt === undefined ? undefined : toInstant(options.runAt, `${what}: runAt`),
      overlap: policy.overlap,
      skipWhenBusy: options.overlap === 'skip',
      gates: gatesOf(policy, key),
      idempotency: context.idempotency ?? resolveIdempotency(options, what),
      debounce: debounce === null ? undefined : storeDebounce(debounce),
      trace: context.trace,
    },
  }
}

function isMeantAsOptions(payload: unknown): boolean {
  const names = Object.keys(Object(payload))
  return names.length > 0 && names.every((name) => TRIGGER_NAMES.includes(name))
}

/** Keys are user text: bounded, and free of control characters. Throws `InvalidOption`. */
export function checkKey(key: string, field: string): string {
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH || /\p{Cc}/u.test(key)) {
    throw new QuarterjackError(
      'InvalidOption',
      `${field}: ${shown(key)} is not usable; give a text of at most ${MAX_KEY_LENGTH} characters without control characters.`,
    )
  }
  return key
}

function checkPriority(priority: number, what: string): number {
  if (!Number.isInteger(priority) || Math.abs(priority) > 32_767) {
    throw new QuarterjackError('InvalidOption', `${what}: priority: ${shown(priority)} is not an integer from -32767 to 32767.`)
  }
  return priority
}

function resolveIdempotency(options: TriggerRequestOptions, what: string): { key: string; ttlMs: number } | undefined {
  if (options.idempotencyKey === undefined) {
    if (options.idempotencyTtl === undefined) return undefined
    throw new QuarterjackError('InvalidOption', `${what}: idempotencyTtl says nothing without an idempotencyKey.`)
  }
  const key = checkKey(options.idempotencyKey, `${what}: idempotencyKey`)
  if (key === '' || key.startsWith(RESERVED_KEY_PREFIX)) {
    throw new QuarterjackError(
      'InvalidOption',
      `${what}: idempotencyKey: ${shown(key)} is empty or begins with the reserved "${RESERVED_KEY_PREFIX}".`,
    )
  }
  return { key, ttlMs: parseDuration(options.idempotencyTtl ?? JOB_DEFAULTS.idempotencyTtl, `${what}: idempotencyTtl`, 1) }
}

function storeDebounce(debounce: ResolvedDebounce): NonNullable<Trigger['request']['debounce']> {
  return {
    waitMs: debounce.waitMs,
    maxWaitMs: debounce.maxWaitMs,
    leading: debounce.leading,
    trailing: debounce.trailing,
    merge: typeof debounce.merge === 'function' ? 'list' : debounce.merge,
  }
}
