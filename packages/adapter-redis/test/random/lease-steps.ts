/** Deeds that concern leases, as calls. */
import type { Store } from '@quarterjack/core/store'
import type { DeedNamed } from './deed.ts'
import { type Step, stepOf } from './step.ts'
import { pickOf, type World } from './world.ts'

export function acquire(world: World, { name, holder, leaseMs, queue, seen }: DeedNamed<'acquire'>): Step {
  const bid = { name, holder, leaseMs, queue, seenFence: seen ? world.now * 1_000 + 55 : 0 }
  return stepOf(
    'leases.acquire',
    { bids: [bid], now: world.now },
    (store, asked) => tidied(store, world, () => store.leases.acquire(asked)),
    ({ replies: [reply] }) => {
      if (reply?.granted === true) world.leases.push({ name, holder, fence: reply.fence })
    },
  )
}

export function renewLease(world: World, { place, leaseMs }: DeedNamed<'renewLease'>): Step | null {
  const lease = pickOf(world.leases, place)
  if (lease === undefined) return null
  return stepOf('leases.renew', { leases: [{ ...lease, leaseMs }], now: world.now }, (store, asked) => store.leases.renew(asked))
}

export function releaseLease(world: World, { place }: DeedNamed<'releaseLease'>): Step | null {
  const lease = pickOf(world.leases, place)
  if (lease === undefined) return null
  return stepOf('leases.release', { leases: [lease], now: world.now }, (store, asked) =>
    tidied(store, world, () => store.leases.release(asked)),
  )
}

export function withdraw(world: World, bid: DeedNamed<'withdraw'>): Step {
  const { name, holder } = bid
  return stepOf('leases.withdraw', { bids: [{ name, holder }], now: world.now }, (store, asked) => store.leases.withdraw(asked))
}

/** Whether one bid also ends what is over elsewhere is open: an empty call does it before. */
async function tidied<Reply>(store: Store, world: World, call: () => Promise<Reply>): Promise<Reply> {
  await store.leases.acquire({ bids: [], now: world.now })
  return call()
}
