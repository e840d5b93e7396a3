/** A deed as a call, in the world as it is. */
import type { Store } from '@quarterjack/core/store'
import type { Deed } from './deed.ts'
import { acquire, releaseLease, renewLease, withdraw } from './lease-steps.ts'
import { due, find, held, ledger, list, look } from './look-steps.ts'
import { cancel, claim, enqueue, leave, prune, releaseGates, renew, settle } from './run-steps.ts'
import { control, createBackfill, findBackfills, stamp } from './backfill-steps.ts'
import { claimWindows, commit, fail } from './refresh-steps.ts'
import { countSkips, fire, quarantine, register, remove, retire, set, suspend } from './schedule-steps.ts'
import type { Step } from './step.ts'
import { collect, define, drain, forget, listWindows, mark, pass, state } from './window-steps.ts'
import type { World } from './world.ts'

/** Null where there is nothing that it could be done to. */
export async function toStep(world: World, deed: Deed, reference: Store): Promise<Step | null> {
  switch (deed.do) {
    case 'passTime':
      world.now += deed.by
      world.hasGoneBack ||= deed.by < 0
      return null
    case 'enqueue':
      return enqueue(world, deed)
    case 'fire':
      return fire(world, deed, reference)
    case 'claim':
      return claim(world, deed)
    case 'settle':
      return settle(world, deed)
    case 'releaseGates':
      return releaseGates(world, deed)
    case 'renew':
      return renew(world, deed)
    case 'leave':
      return leave(world, deed)
    case 'cancel':
      return cancel(world, deed)
    case 'prune':
      return prune(world, deed)
    case 'set':
      return set(world, deed)
    case 'remove':
      return remove(world, deed)
    case 'quarantine':
      return quarantine(world, deed, reference)
    case 'suspend':
      return suspend(world, deed)
    case 'register':
      return register(world, deed, reference)
    case 'retire':
      return retire(world, deed)
    case 'acquire':
      return acquire(world, deed)
    case 'renewLease':
      return renewLease(world, deed)
    case 'releaseLease':
      return releaseLease(world, deed)
    case 'withdraw':
      return withdraw(world, deed)
    case 'countSkips':
      return countSkips(world, deed)
    case 'due':
      return due(world, deed)
    case 'held':
      return held(world, deed)
    case 'find':
      return find(world, deed)
    case 'look':
      return look(world, deed)
    case 'list':
      return list(world, deed)
    case 'ledger':
      return ledger(world, deed)
    case 'define':
      return define(world, deed)
    case 'forget':
      return forget(world, deed)
    case 'mark':
      return mark(world, deed)
    case 'collect':
      return collect(world, deed)
    case 'drain':
      return drain(world, deed)
    case 'claimWindows':
      return claimWindows(world, deed)
    case 'commit':
      return commit(world, deed)
    case 'fail':
      return fail(world, deed)
    case 'pass':
      return pass(world, deed)
    case 'state':
      return state(world, deed)
    case 'listWindows':
      return listWindows(world, deed)
    case 'createBackfill':
      return createBackfill(world, deed)
    case 'stamp':
      return stamp(world, deed)
    case 'control':
      return control(world, deed)
    case 'findBackfills':
      return findBackfills(world, deed)
  }
}
