/** Cases: triggers that join a transaction of the caller. */
import assert from 'node:assert/strict'
import type { CaseGroup, ConformanceCase } from '../conformance-case.ts'
import { present } from '../expectations.ts'
import { addOwner, claimIds, enqueueRequest, renew } from '../run-steps.ts'
import { define } from '../schedule-steps.ts'
import { eventually, type ConformanceHarness, type Trial } from '../trial.ts'

function transactional(name: string, run: ConformanceCase['run']): ConformanceCase {
  return { name, clocks: 'both', needs: ['transactions'], run }
}

function begin(t: Trial): ReturnType<NonNullable<ConformanceHarness['begin']>> {
  return present(t.harness.begin, 'begin() of the harness').call(t.harness)
}

export const transactionCases: CaseGroup = {
  name: 'transactions',
  cases: [
    transactional('a trigger in a transaction is visible after the commit', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const transaction = await begin(t)
      const request = enqueueRequest(t, 'mail', { payload: '1' })
      await t.store.runs.enqueue({ requests: [request], tx: transaction.tx, ...t.at() })
      assert.deepEqual(await claimIds(t, 'a'), [])
      await transaction.commit()
      const claimed: string[] = []
      await eventually('the trigger', async () => {
        claimed.push(...(await claimIds(t, 'a')))
        return claimed.length > 0
      })
      assert.deepEqual(claimed, [request.id])
    }),
    transactional('a trigger in a transaction is found by the next idle renewal, hint or no hint', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      assert.equal((await renew(t, 'a')).nextRunAt ?? null, null, 'there is nothing to claim at first')
      const transaction = await begin(t)
      await t.store.runs.enqueue({ requests: [enqueueRequest(t, 'mail')], tx: transaction.tx, ...t.at() })
      await transaction.commit()
      await eventually('news of a run to claim', async () => {
        const { nextRunAt = null, storeNow } = await renew(t, 'a')
        return nextRunAt !== null && nextRunAt <= storeNow
      })
      assert.equal((await claimIds(t, 'a')).length, 1)
    }),
    transactional('a trigger in a transaction that is rolled back never was', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const transaction = await begin(t)
      const request = enqueueRequest(t, 'mail')
      await t.store.runs.enqueue({ requests: [request], tx: transaction.tx, ...t.at() })
      await transaction.rollback()
      assert.deepEqual(await claimIds(t, 'a'), [])
      assert.deepEqual((await t.store.runs.get({ ids: [request.id] })).runs, [null])
    }),
    transactional('debounced triggers of open transactions do not wait for each other', async (t) => {
      await define(t, 'mail')
      await addOwner(t, 'a', ['mail'])
      const debounce = { waitMs: 0, maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const
      const [first, second] = [await begin(t), await begin(t)]
      for (const { tx } of [first, second]) {
        await t.store.runs.enqueue({ requests: [enqueueRequest(t, 'mail', { key: 'k', debounce })], tx, ...t.at() })
      }
      await second.commit()
      await first.commit()
      let triggers = 0
      await eventually('both triggers', async () => {
        await claimIds(t, 'a')
        triggers = (await t.store.runs.find({ job: 'mail', limit: 10 })).runs.reduce((sum, run) => sum + run.triggers, 0)
        return triggers >= 2
      })
      assert.equal(triggers, 2)
    }),
  ],
}
