/** Processes that take one mutex in turn, and the record of who held it. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'vitest'
import { forkProgram } from './fork-program.ts'
import type { Hold, Holds } from './holds.ts'
import { until } from './poll.ts'
import type { LockPlan } from './run-lock-worker.ts'
import { signal } from './signal.ts'

/** Of the mutex. */
export const LOCK_LEASE_MS = 2_000

const HOLD_MS = 40

/** What each kind of store brings. */
export interface LockParts {
  readonly holds: Holds
  /** What processes are started from. */
  readonly program: string
  /** Adds to the plan of a process, the `nth` of the site from 0, how its store and its record are reached. */
  planOf(plan: LockPlan, nth: number): LockPlan
  /** Ends the server of the store at once, as when the machine loses power. */
  crash(): Promise<void>
  /** Brings it back after that. */
  start(): Promise<void>
  /** Ends the servers. */
  close(): Promise<void>
}

/** Everything of one test. */
export interface LockSite extends AsyncDisposable, Pick<LockParts, 'holds' | 'crash' | 'start'> {
  /** Starts a process, and waits until it takes its turns. */
  launch(name: string, holdMs?: number): Promise<ChildProcess>
  /** Ends processes in order. */
  end(...ended: readonly ChildProcess[]): Promise<void>
  /** Waits until each of them has held it so often since now. */
  untilTurns(names: readonly string[], turns: number): Promise<void>
  /** The fence of one who holds it now. */
  holding(name: string): Promise<number>
}

/** A site without processes. */
export function createLockSite({ holds, program, planOf, crash, start, close }: LockParts): LockSite {
  const children: ChildProcess[] = []
  return {
    holds,
    crash,
    start,
    async launch(name, holdMs = HOLD_MS) {
      const child = forkProgram(program, planOf({ name, leaseMs: LOCK_LEASE_MS, holdMs }, children.length))
      children.push(child)
      await once(child, 'message')
      return child
    },
    async end(...ended) {
      for (const child of ended) child.send('end')
      await Promise.all(ended.map((child) => (child.exitCode === null ? once(child, 'exit') : null)))
      expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
    },
    async untilTurns(names, turns) {
      const before = (await holds.all()).length
      await until(`${turns} turns of each`, async () => {
        const since = (await holds.all()).slice(before)
        return names.every((name) => since.filter(({ holder }) => holder === name).length >= turns)
      })
    },
    async holding(name) {
      for (;;) {
        const last = (await holds.all()).at(-1)
        if (last?.holder === name && last.to === null) return last.fence
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(kill))
      await holds.close()
      await close()
    },
  }
}

/** One after the other; only one who was told so may have held on beside a later one. */
export function expectExclusive(all: readonly Hold[]): void {
  const fences = all.map(({ fence }) => fence)
  expect(fences).toEqual(fences.toSorted((a, b) => a - b))
  expect(new Set(fences).size).toBe(fences.length)
  all.forEach(({ to, told }, index) => {
    const next = all[index + 1]
    if (to === null || told === true || next === undefined) return
    expect(next.from).toBeGreaterThanOrEqual(to)
  })
  // A write under a fence that was passed is kept out, and no other is.
  for (const { to, told, wrote } of all) if (to !== null && told === false) expect(wrote).toBe(true)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  signal(child.pid as number, 'SIGKILL')
  await once(child, 'exit')
}
