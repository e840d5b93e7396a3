/** Backfills over HTTP: planned, asked for, watched, stopped. */
import { describe, expect, it } from 'vitest'
import { held, hourly, rolling, type Rolling } from '../support/rollups.ts'

const hour = (text: string): string => `2026-03-01T${text}:00.000Z`
const PATH = '/rollups/hourly/backfills'

/** Asks for the backfill and lets it run. */
async function filled({ post, manual }: Rolling, body: object): Promise<string> {
  const { status, json } = await post(PATH, body)
  expect([status, json.state]).toEqual([202, 'running'])
  await manual.advance('5s')
  return String(json.id)
}

describe('backfills', () => {
  it('are planned without doing anything', async () => {
    const { read } = await rolling()
    expect((await read(`${PATH}/plan?last=2h&order=oldest&concurrency=2`)).json).toEqual({
      rollup: 'hourly',
      grain: 'hour',
      from: hour('01:00'),
      to: hour('03:00'),
      select: 'all',
      order: 'oldest',
      concurrency: 2,
      windows: 2,
    })
    expect((await read(`${PATH}/plan?date=2026-03-01`)).json).toMatchObject({ code: 'BackfillOutOfRange' })
    expect((await read(`${PATH}/plan?select=missing`)).json).toMatchObject({ windows: 3 })
    expect((await read('/backfills')).json).toEqual({ backfills: [] })
  })

  it('recompute a range, and tell how far they are', async () => {
    const calls: string[] = []
    const rollup = hourly({ refresh: ({ windows }) => void calls.push(...windows.map(({ start }) => start.toISOString())) })
    const rolled = await rolling([rollup])
    calls.length = 0
    const id = await filled(rolled, { from: hour('01:00'), to: Date.parse(hour('03:00')), order: 'oldest' })
    expect(calls).toEqual([hour('01:00'), hour('02:00')])
    const done = { id, rollup: 'hourly', state: 'finished', done: 2, failed: 0, total: 2, share: 1, remainingMs: 0 }
    expect((await rolled.read(`/backfills/${id}`)).json).toMatchObject(done)
    for (const path of ['/backfills', '/backfills?rollup=hourly&limit=1', PATH])
      expect((await rolled.read(path)).json).toMatchObject({ backfills: [done] })
    expect((await rolled.read('/backfills?unfinished=true')).json).toEqual({ backfills: [] })
    expect((await rolled.read(`${PATH}?unfinished=false`)).json.backfills).toHaveLength(1)
  })

  it('are paused, resumed and cancelled, once each', async () => {
    const gate = held()
    const { post, read, manual } = await rolling([hourly({ refresh: gate.refresh })])
    gate.close()
    const id = String((await post(PATH, { last: '3h' })).json.id)
    const told = async (verb: string, body: object = {}): Promise<unknown> => (await post(`/backfills/${id}/${verb}`, body)).json.changed
    expect([await told('pause', { reason: 'busy' }), await told('pause')]).toEqual([true, false])
    await manual.advance('10s')
    expect((await read(`/backfills/${id}`)).json).toMatchObject({ state: 'paused', reason: 'busy', done: 0, remainingMs: null })
    expect((await read('/backfills?unfinished=true')).json.backfills).toHaveLength(1)
    expect([await told('resume'), await told('resume')]).toEqual([true, false])
    gate.open()
    await manual.advance('1m')
    expect((await read(`/backfills/${id}`)).json).toMatchObject({ state: 'finished', done: 3 })
    expect([await told('cancel'), await told('pause'), await told('resume')]).toEqual([false, false, false])
    gate.close()
    const other = String((await post(PATH, { last: '1h' })).json.id)
    expect((await post(`/backfills/${other}/cancel`, { reason: 'not needed' })).json).toEqual({ changed: true })
    expect((await read(`/backfills/${other}`)).json).toMatchObject({ state: 'cancelled', reason: 'not needed' })
    gate.open()
  })

  it('refuse ranges and options that cannot be', async () => {
    const { post, read } = await rolling()
    for (const [body, code] of [
      [{}, 'InvalidOption'],
      [{ from: '2026-02-01', to: hour('01:00') }, 'BackfillOutOfRange'],
      [{ from: '2027-01-01', to: '2027-02-01' }, 'BackfillOutOfRange'],
      [{ from: hour('02:00'), to: hour('01:00') }, 'InvalidOption'],
      [{ last: '1h', date: '2026-03-01' }, 'InvalidOption'],
      [{ last: 'a while' }, 'InvalidValue'],
      [{ date: '2026-13-45' }, 'InvalidOption'],
      [{ from: 'yesterday1' }, 'InvalidInstant'],
      [{ last: '1h', concurrency: 65 }, 'InvalidValue'],
      [{ last: '1h', dryRun: true }, 'InvalidValue'],
    ] as const)
      expect([body, await post(PATH, body)]).toMatchObject([body, { status: 422, json: { code, detail: expect.any(String) } }])
    expect((await read('/backfills')).json).toEqual({ backfills: [] })
  })

  it('refuse what an unfinished one has, and what is not there', async () => {
    const gate = held()
    const { post, read } = await rolling([hourly({ refresh: gate.refresh })])
    gate.close()
    const id = String((await post(PATH, { last: '2h' })).json.id)
    const overlaps = await post(PATH, { last: '1h' })
    expect(overlaps).toMatchObject({ status: 409, json: { code: 'BackfillOverlaps', detail: expect.stringContaining(id) } })
    for (const [path, code] of [
      ['/rollups/nope/backfills', 'UnknownRollup'],
      ['/rollups/nope/backfills/plan?last=1h', 'UnknownRollup'],
      ['/backfills?rollup=nope', 'UnknownRollup'],
      ['/backfills/nope', 'UnknownBackfill'],
    ] as const)
      expect([path, (await read(path)).json]).toMatchObject([path, { status: 404, code }])
    expect((await post('/rollups/nope/backfills', { last: '1h' })).json).toMatchObject({ status: 404, code: 'UnknownRollup' })
    for (const verb of ['pause', 'resume', 'cancel'])
      expect((await post(`/backfills/nope/${verb}`, {})).json).toMatchObject({ status: 404, code: 'UnknownBackfill' })
    for (const query of ['limit=0', 'unfinished=yes', 'limit=501', 'state=running'])
      expect([query, (await read(`/backfills?${query}`)).status]).toEqual([query, 400])
    gate.open()
  })
})
