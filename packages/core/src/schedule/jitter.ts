/** When slots are due: after the schedule's fixed delay, and a jitter that is the same on every node and never reaches the next slot. */
import type { ResolvedSpec } from './schedule.ts'
import { nextBaseSlot } from './slots.ts'

/**
 * When a slot is due: the slot plus `delayMs`, plus up to `jitterMs`, hashed from `seed` and slot, and always less than the time to the
 * next base slot. Hence slots are due in their own order.
 */
export function dueAt(spec: ResolvedSpec, seed: string, slot: number): number {
  return spec.jitterMs === undefined ? slot + (spec.delayMs ?? 0) : dueBefore(spec, seed, slot, nextBaseSlot(spec, slot))
}

/** {@link dueAt} for callers that know the next base slot already. */
export function dueBefore(spec: ResolvedSpec, seed: string, slot: number, next: number | null): number {
  const from = slot + (spec.delayMs ?? 0)
  if (spec.jitterMs === undefined) return from
  const span = next === null ? spec.jitterMs + 1 : Math.min(spec.jitterMs + 1, next - slot)
  return from + Math.floor(fractionOf(seed, slot) * span)
}

/** A number in [0, 1) with 52 bits, from FNV-1a over the seed, then the mixing steps of MurmurHash3 over the slot. */
function fractionOf(seed: string, slot: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < seed.length; index++) hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01000193)
  const high = mix(hash ^ Math.floor(slot / 2 ** 32))
  const first = mix(high ^ (slot | 0))
  const second = mix(first + 0x9e3779b9)
  return ((first >>> 6) * 2 ** 26 + (second >>> 6)) / 2 ** 52
}

function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
