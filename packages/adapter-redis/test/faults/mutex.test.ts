/** The mutex between real processes: one at a time, in turn, past a holder that is killed or frozen, and a server that freezes or goes away. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { until } from '../servers/poll.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { figure } from './figure.ts'
import { type Hold, type Holds, openHolds } from './holds.ts'
import type { LockPlan } from './lock-worker.ts'
import { signal } from './signal.ts'
import { DURABLE } from './site.ts'

vi.setConfig({ testTimeout: 120_000 })

const LEASE_MS = 2_000
const HOLD_MS = 40

let server: RedisServer
let recorder: RedisServer
let holds: Holds
const children: ChildProcess[] = []

beforeEach(async () => {
  server = await startRedis(DURABLE)
  recorder = await startRedis()
  holds = await openHolds({ url: recorder.url, key: 'door' })
})
afterEach(async () => {
  server.resume()
  await Promise.all(
    children.splice(0).map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      signal(child.pid as number, 'SIGKILL')
      await once(child, 'exit')
    }),
  )
  await holds.close()
  await Promise.all([server.close(), recorder.close()])
})

const launch = async (name: string, holdMs = HOLD_MS): Promise<ChildProcess> => {
  const client = children.length % 2 === 0 ? 'node-redis' : 'ioredis'
  const plan: LockPlan = { name, client, url: server.url, holds: { url: recorder.url, key: 'door' }, leaseMs: LEASE_MS, holdMs }
  const child = fork(new URL('./lock-worker.ts', import.meta.url), [JSON.stringify(plan)], {
    execArgv: ['--conditions=@quarterjack/source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  children.push(child)
  await once(child, 'message')
  return child
}
const end = async (...ended: readonly ChildProcess[]): Promise<void> => {
  for (const child of ended) child.send('end')
  await Promise.all(ended.map((child) => (child.exitCode === null ? once(child, 'exit') : null)))
  expect(ended.map(({ exitCode }) => exitCode)).toEqual(ended.map(() => 0))
}
/** Waits until each of them has held it so often since now. */
const untilTurns = async (names: readonly string[], turns: number): Promise<void> => {
  const before = (await holds.all()).length
  await until(`${turns} turns of each`, async () => {
    const since = (await holds.all()).slice(before)
    return names.every((name) => since.filter(({ holder }) => holder === name).length >= turns)
  })
}
/** The fence of one who holds it now. */
const holding = async (name: string): Promise<number> => {
  for (;;) {
    const last = (await holds.all()).at(-1)
    if (last?.holder === name && last.to === null) return last.fence
  }
}
/** One after the other; only one who was told so may have held on beside a later one. */
const expectExclusive = (all: readonly Hold[]): void => {
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

it('four processes hold it one at a time and in turn, and fences grow', async () => {
  const names = ['a', 'b', 'c', 'd']
  const processes = await Promise.all(names.map((name) => launch(name)))
  await untilTurns(names, 3)
  const before = (await holds.all()).length
  await untilTurns(names, 10)
  const fair = (await holds.all()).slice(before)
  await end(...processes)
  const all = await holds.all()
  expectExclusive(all)
  // First come, first served: who lets go stands behind the three others.
  const repeats = fair.filter(({ holder }, index) => fair.slice(Math.max(0, index - 2), index).some((one) => one.holder === holder)).length
  expect(repeats / fair.length).toBeLessThan(0.1)
  const waits = fair.slice(1).map(({ from }, index) => from - Number(fair[index]?.to))
  figure('a mutex between four processes', { turns: all.length, 'out of turn': repeats, 'most ms between two holders': Math.max(...waits) })
})

it('a holder that is killed is passed over within its lease and a second; one that froze is told, and its late write kept out', async () => {
  const [victim, frozen, steady] = [await launch('victim'), await launch('frozen'), await launch('steady')]
  await untilTurns(['victim', 'frozen', 'steady'], 2)
  const takeovers: number[] = []
  const untilPassed = async (fence: number): Promise<void> => {
    const sufferedAt = performance.now()
    await until('another holds it', async () => (await holds.all()).some((one) => one.fence > fence))
    takeovers.push(performance.now() - sufferedAt)
  }

  const killed = await holding('victim')
  signal(victim.pid as number, 'SIGKILL')
  await untilPassed(killed)
  const stopped = await holding('frozen')
  signal(frozen.pid as number, 'SIGSTOP')
  await untilPassed(stopped)
  signal(frozen.pid as number, 'SIGCONT')
  await until('the frozen one has let go', async () => (await holds.all()).find(({ fence }) => fence === stopped)?.to != null)

  // Both work again: the frozen one by itself, the killed one when it is started anew.
  const again = await launch('victim')
  await untilTurns(['victim', 'frozen', 'steady'], 3)
  await end(again, frozen, steady)
  const all = await holds.all()
  expectExclusive(all)
  expect(all.filter(({ to }) => to === null).map(({ fence }) => fence)).toEqual([killed])
  expect(all.find(({ fence }) => fence === stopped)).toMatchObject({ told: true, wrote: false })
  expect(Math.max(...takeovers)).toBeLessThan(LEASE_MS + 1_000)
  figure('a mutex whose holder is killed, frozen', {
    'taken over after ms': Math.round(takeovers[0] ?? 0),
    'and ms': Math.round(takeovers[1] ?? 0),
  })
})

it.each(['node-redis', 'ioredis'] as const)(
  'a holder behind %s is told within its lease that the server froze, and may not be believed any more',
  async (kind) => {
    // The clients take turns.
    const [first, second] = [await launch('a', 60_000), await launch('b', 60_000)]
    const chosen = kind === 'node-redis' ? { name: 'a', other: second } : { name: 'b', other: first }
    chosen.other.kill('SIGKILL')
    const fence = await holding(chosen.name)
    server.pause()
    const frozenAt = await holds.now()
    await until('the holder has let go', async () => (await holds.all()).find((one) => one.fence === fence)?.to != null)
    const held = (await holds.all()).find((one) => one.fence === fence)
    expect(held?.told).toBe(true)
    const toldMs = Number(held?.to) - frozenAt
    expect(toldMs).toBeLessThan(LEASE_MS)
    await sleep(LEASE_MS + 1_000 - toldMs)
    server.resume()
    await until('it is held again', async () => (await holds.all()).some((one) => one.fence > fence))
    expectExclusive(await holds.all())
    figure(`a server that freezes while a mutex is held (${kind})`, { 'holder told after ms': toldMs, 'lease ms': LEASE_MS })
  },
)

it('the same processes go on when the server was away', async () => {
  const processes = [await launch('a'), await launch('b')]
  await untilTurns(['a', 'b'], 2)
  const fence = (await holds.all()).at(-1)?.fence ?? 0
  await server.kill()
  await server.start()
  await untilTurns(['a', 'b'], 2)
  await end(...processes)
  const all = await holds.all()
  expectExclusive(all)
  expect(all.at(-1)?.fence).toBeGreaterThan(fence)
})
