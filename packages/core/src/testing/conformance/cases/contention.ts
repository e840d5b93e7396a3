/** Cases: several processes at once, by seeds; nothing is lost, doubled, leaked or blocked. */
import assert from 'node:assert/strict'
import { jobGate, keyGate, mutexGate } from '../../../store/gates.ts'
import type { RunRecord } from '../../../store/records.ts'
import { given, type CaseGroup } from '../conformance-case.ts'
import { assertAllTerminal, assertGatesSound, assertLedgerSound, present } from '../expectations.ts'
import { addOwner, cancel, claimRecords, enqueue, enqueueMany, renew, settle, SHORT_LEASE, SUCCESS } from '../run-steps.ts'
import { addSchedule, define, fire, firing, getSchedule } from '../schedule-steps.ts'
import type { Random } from '../../../random/random.ts'
import type { Trial } from '../trial.ts'

interface World {
  readonly t: Trial
  readonly random: Random
  readonly job: string
  /** Fence of the newest claim of each run, as any process saw it. */
  readonly fences: Map<string, number>
  /** Runs whose success was acknowledged, and with which fence. */
  readonly acknowledged: Map<string, number>
}

const pick = <T>(random: Random, values: readonly T[]): T | undefined => values[Math.floor(random() * values.length)]

/** One process: claims, settles, renews, forgets itself for longer than its lease, comes back under a new id. */
async function workerTurns(world: World, name: string, turns: number): Promise<void> {
  const { t, random, job } = world
  let life = 0
  let owner = `${name}-0`
  await addOwner(t, owner, [job], SHORT_LEASE)
  let mine: RunRecord[] = []
  for (let turn = 0; turn < turns; turn++) {
    const dice = random()
    if (dice < 0.45) {
      for (const run of await claimRecords(t, owner, { leaseMs: SHORT_LEASE, limit: 3 })) {
        const newest = world.fences.get(run.id) ?? 0
        assert.notEqual(run.fence, newest, `a new claim of ${run.id} has a new fence`)
        // Replies of claims may overtake each other.
        world.fences.set(run.id, Math.max(run.fence, newest))
        mine.push(run)
      }
    } else if (dice < 0.85) {
      const run = pick(random, mine)
      if (run !== undefined) {
        mine = mine.filter((other) => other !== run)
        await settleByDice(world, run)
      }
    } else if (dice < 0.95) {
      const reply = await renew(t, owner, { leaseMs: SHORT_LEASE })
      if (reply.status === 'dead') {
        life++
        owner = `${name}-${life}`
        await addOwner(t, owner, [job], SHORT_LEASE)
        // The old runs stay in `mine`: their late settlements must be refused.
      }
    } else await t.pass(SHORT_LEASE + 1)
  }
}

async function settleByDice({ t, random, fences, acknowledged }: World, run: RunRecord): Promise<void> {
  const dice = random()
  const then = dice < 0.6 ? SUCCESS : dice < 0.9 ? ({ to: 'retry', delayMs: 0 } as const) : ({ to: 'released' } as const)
  const newest = fences.get(run.id) ?? 0
  const { status } = await settle(t, run, then)
  if (status === 'stale') return
  assert.ok(run.fence >= newest, 'only the newest claim of a run is settled')
  if (then === SUCCESS) {
    assert.equal(acknowledged.has(run.id), false, `run ${run.id} succeeded twice`)
    acknowledged.set(run.id, run.fence)
  }
}

/** Lets every process end, and one new process finish what is left. */
async function drain({ t, job, acknowledged }: World): Promise<void> {
  await t.pass(SHORT_LEASE + 1)
  await addOwner(t, `${job}-last`, [job])
  for (let round = 0; round < 400; round++) {
    const runs = await claimRecords(t, `${job}-last`, { limit: 50 })
    if (runs.length === 0) return
    for (const run of runs) {
      assert.equal((await settle(t, run)).status, 'settled')
      acknowledged.set(run.id, run.fence)
    }
  }
  assert.fail('the last process did not come to an end')
}

export const contentionCases: CaseGroup = {
  name: 'contention',
  cases: [
    given('claimers, late holders and dead owners: every run ends, once', async (t) => {
      for (const seed of t.seeds) {
        const random = t.random(seed)
        const job = `mail${seed}`
        await define(t, job, { concurrency: 4 })
        const world: World = { t, random, job, fences: new Map(), acknowledged: new Map() }
        const ids: string[] = []
        for (let index = 0; index < 30; index++) {
          const key = `k${Math.floor(random() * 5)}`
          const gates = [jobGate(job), keyGate(job, key), ...(random() < 0.3 ? [mutexGate(job)] : [])].sort()
          ids.push(await enqueue(t, job, { key, gates: random() < 0.8 ? gates : [], priority: Math.floor(random() * 3) }))
        }
        await Promise.all(['p', 'q', 'r', 's'].map((name) => workerTurns(world, `${job}-${name}`, 60)))
        await assertGatesSound(t)
        await drain(world)
        await assertAllTerminal(t, ids)
        const { runs } = await t.store.runs.get({ ids })
        for (const run of runs.map((found) => present(found, 'run'))) {
          if (run.state === 'succeeded')
            assert.equal(run.fence, world.acknowledged.get(run.id), `run ${run.id} ended with the acknowledged claim`)
          else assert.equal(run.crashes, 3, `run ${run.id} is ${run.state}`)
          assert.equal(world.acknowledged.has(run.id), run.state === 'succeeded')
        }
        assert.deepEqual(
          (await t.store.runs.gates({})).gates.filter((gate) => gate.held > 0 || gate.waiting > 0),
          [],
        )
      }
    }),
    given('firers, suspensions, changes and cancels: the ledger adds up', async (t) => {
      for (const seed of t.seeds) {
        const random = t.random(seed)
        const job = `sync${seed}`
        await define(t, job)
        await addOwner(t, job, [job])
        const refs: { job: string; name: string }[] = []
        for (let index = 0; index < 4; index++) refs.push(await addSchedule(t, job, `p${index}`))
        const node = async (): Promise<void> => {
          for (let turn = 0; turn < 25; turn++) {
            const ref = present(pick(random, refs), 'schedule')
            const record = await getSchedule(t, ref)
            const dice = random()
            if (dice < 0.6)
              await fire(t, [
                firing(t, record, { run: { overlap: pick(random, ['skip', 'queue', 'replace', 'allow'] as const) ?? 'skip' } }),
              ])
            else if (dice < 0.7) await t.store.schedules.suspend({ targets: [{ ...ref, reason: 'x' }], ...t.at() })
            else if (dice < 0.8) await t.store.schedules.suspend({ targets: [{ ...ref, reason: null }], ...t.at() })
            else {
              for (const run of await claimRecords(t, job, { limit: 2 })) {
                if (random() < 0.8) await settle(t, run)
                else await cancel(t, run.id)
              }
            }
            const after = await getSchedule(t, ref)
            assert.ok(after.cursor >= record.cursor, 'the cursor never goes back')
          }
        }
        await Promise.all([node(), node(), node()])
        for (const ref of refs) {
          const record = await getSchedule(t, ref)
          await assertLedgerSound(t, ref)
          const page = await t.store.schedules.ledger({ job: ref.job, name: ref.name, after: null, limit: 1_000 })
          const step = t.ms(1_000)
          const first = page.runs[0]?.slot ?? 0
          assert.deepEqual(
            page.runs.map((run) => run.slot),
            page.runs.map((_, index) => first + index * step),
            `slots of ${ref.name} follow each other without a gap`,
          )
          assert.equal(page.runs.at(-1)?.slot ?? record.cursor, record.cursor)
        }
      }
    }),
    given('runs that need several mutexes all get their turn', async (t) => {
      for (const seed of t.seeds) {
        const random = t.random(seed)
        const job = `pair${seed}`
        await define(t, job)
        const mutexes = ['x', 'y', 'z'].map((name) => mutexGate(`${job}-${name}`))
        const left = new Set<string>()
        for (let index = 0; index < 24; index++) {
          const gates = mutexes.filter(() => random() < 0.5)
          left.add(await enqueue(t, job, { gates, priority: Math.floor(random() * 2) }))
        }
        for (const owner of ['p', 'q']) await addOwner(t, `${job}-${owner}`, [job])
        for (let round = 0; round < 80 && left.size > 0; round++) {
          const owners = [`${job}-p`, `${job}-q`]
          await Promise.all(owners.map((owner) => claimRecords(t, owner, { limit: 3 })))
          const running = (await Promise.all(owners.map((owner) => t.store.runs.held({ owner })))).flatMap((held) => held.runs)
          assert.ok(running.length > 0, `round ${round}: nothing runs although ${left.size} runs are left`)
          const taken = running.flatMap((run) => run.gates)
          assert.equal(new Set(taken).size, taken.length, 'no mutex is held twice')
          const run = present(pick(random, running), 'running run')
          await settle(t, run)
          left.delete(run.id)
        }
        assert.deepEqual([...left], [])
        await assertGatesSound(t)
      }
    }),
    given('many claims at once share a large backlog without an overlap or a rest', async (t) => {
      for (const seed of t.seeds) {
        const job = `bulk${seed}`
        await define(t, job)
        const ids = await enqueueMany(t, job, 200)
        const owners = Array.from({ length: 8 }, (_, index) => `${job}-${index}`)
        for (const owner of owners) await addOwner(t, owner, [job])
        const claimed: string[] = []
        for (let round = 0; round < 20 && claimed.length < ids.length; round++) {
          const batches = await Promise.all(owners.map((owner) => claimRecords(t, owner, { limit: 7 })))
          claimed.push(...batches.flat().map((run) => run.id))
        }
        assert.deepEqual([...claimed].sort(), [...ids].sort())
      }
    }),
  ],
}
