/** Users who hold the mutex that jobs hold too. */
import { mutexGate } from '../../src/store/gates.ts'
import { sleep } from '../../src/time/clock.ts'
import type { Replica, World } from './world.ts'

/** Takes the lock through one replica, works for a while under its signal, and lets go. */
export function useLock(world: World, replica: Replica | null): void {
  if (replica === null) return
  const { process, store } = replica
  const dice = world.dice.actions
  const { history, oracle } = world
  const mutex = world.subject.createMutex(store, 'shared', {
    lease: Math.max(1_000, world.swarm.leaseMs),
    clock: process.handlerClock,
    random: dice.random,
  })
  const workMs = dice.int(50, 6_000)
  const askedAt = world.timeline.now
  const locked = mutex.withLock(
    async ({ signal, fence }) => {
      const execution = oracle.begin({
        runId: `lock-${fence}`,
        job: 'lock',
        key: '',
        fence,
        attempt: 1,
        process,
        heldSince: askedAt,
        isLeaseOver: () => world.leases.isOver(fence, world.storeTime.now()),
        isLeaseSurelyOver: () => world.leases.isOver(fence, world.storeTime.now()),
        gates: [{ name: mutexGate('shared'), limit: 1 }],
        numbers: [],
        signal,
        releasedWhenStuck: false,
      })
      history.note(process.name, () => `  lock held, fence ${fence}`)
      try {
        await sleep(process.handlerClock, workMs, signal)
      } finally {
        oracle.end(execution)
        history.note(process.name, () => `  lock let go, fence ${fence}`)
      }
    },
    { wait: dice.pick([0, 2_000, 20_000]) },
  )
  locked.catch((error: unknown) => history.note(process.name, () => `  lock: ${String(error)}`))
}
