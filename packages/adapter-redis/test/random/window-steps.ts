/** Deeds that concern rollups and their marks, as calls. */
import type { Drain, Mark, MarkGroup, MarkRecord, Store } from '@quarterjack/core/store'
import type { DeedNamed } from './deed.ts'
import { plainRequest } from './run-steps.ts'
import { type Step, stepOf } from './step.ts'
import { instantAt, recordOf, windowAt, windowsIn, windowsOf } from './window-grid.ts'
import { type Collected, pickOf, type World } from './world.ts'

export async function define(world: World, deed: DeedNamed<'define'>): Promise<Step> {
  const { rollup, hash, sources, edges, start, isStale } = deed
  const generation = (await recordOf(world, rollup))?.generation ?? 0
  const definition = {
    rollup,
    hash,
    expectedGeneration: isStale ? generation + 1 : generation,
    sources,
    edges: String(edges),
    policy: `{"of":"${hash}"}`,
    startAt: windowAt({ edges: String(edges) }, start).start,
  }
  return stepOf('windows.define', { rollups: [definition], now: world.now }, (store, asked) => windowsOf(store).define(asked))
}

export function forget(_: World, { rollup }: DeedNamed<'forget'>): Step {
  return stepOf('windows.forget', { rollups: [rollup] }, (store, asked) => windowsOf(store).forget(asked))
}

export function toMark({ source, from, length, kind }: DeedNamed<'mark'>['marks'][number]): Mark {
  return { source, from: instantAt(from), to: instantAt(from) + 1 + length, kind }
}

export function mark(world: World, { marks }: DeedNamed<'mark'>): Step {
  return stepOf('windows.mark', { marks: marks.map(toMark), now: world.now }, (store, asked) => windowsOf(store).mark(asked))
}

/** Tokens of collections, as each store gave them. */
const tokens = new WeakMap<Store, Map<string, string>>()

function tokensOf(store: Store): Map<string, string> {
  let known = tokens.get(store)
  if (known === undefined) {
    known = new Map()
    tokens.set(store, known)
  }
  return known
}

export function collect(world: World, { sources, limit }: DeedNamed<'collect'>): Step {
  const collection = world.collections++
  const request = { ...(sources === null ? {} : { sources }), limit, now: world.now }
  return stepOf(
    'windows.collect',
    request,
    async (store, asked) => {
      const reply = await windowsOf(store).collect(asked)
      for (const { source, token } of reply.sources) tokensOf(store).set(`${collection} ${source}`, token)
      return { ...reply, sources: reply.sources.map(({ token: _, ...source }) => source) }
    },
    (reply) => {
      world.collected.push(...reply.sources.map((source) => ({ collection, source })))
    },
  )
}

export function drain(world: World, deed: DeedNamed<'drain'>): Step | null {
  const collected = pickOf(world.collected, deed.place)
  if (collected === undefined) return null
  const request = toDrain(world, deed, collected)
  const { collection, source } = collected
  return stepOf('windows.drain', { ...request, collection, now: world.now }, (store) => {
    const one = { ...request, token: tokensOf(store).get(`${collection} ${source.source}`) ?? 'none' }
    return windowsOf(store).drain({ drains: deed.isTwice ? [one, one] : [one], now: world.now })
  })
}

function toDrain(world: World, { fates, parkMs, runs }: DeedNamed<'drain'>, { source }: Collected): Omit<Drain, 'token'> {
  const groups: MarkRecord[][] = []
  const parked: { id: number; until: number }[] = []
  const narrowed: { id: number; from: number; to: number }[] = []
  const sealed: Drain['sealed'][number][] = []
  source.marks.forEach((one, index) => {
    const fate = fates[index % fates.length]
    const last = groups.at(-1)
    if (fate === 'parks') parked.push({ id: one.id, until: world.now + parkMs })
    else if (fate === 'narrows') narrowed.push({ id: one.id, from: one.from + 1, to: one.to + 1 })
    else if (fate === 'seals') sealed.push({ rollup: source.rollups[0]?.rollup ?? 'none', marks: [one.id], from: one.from, to: one.to })
    else if (fate === 'joins' && last !== undefined) last.push(one)
    else if (fate !== 'stays') groups.push([one])
  })
  return {
    source: source.source,
    groups: groups.map((marks) => toGroup(marks, source)),
    parked,
    narrowed,
    sealed,
    enqueue: runs ? [plainRequest(world, 'mail')] : [],
  }
}

function toGroup(marks: readonly MarkRecord[], { rollups }: Collected['source']): MarkGroup {
  const range = { from: Math.min(...marks.map(({ from }) => from)), to: Math.max(...marks.map(({ to }) => to)) }
  return {
    marks: marks.map(({ id }) => id),
    markedAt: Math.min(...marks.map(({ markedAt }) => markedAt)),
    removed: marks.some(({ kind }) => kind !== 'added'),
    windows: rollups.flatMap((rollup) => windowsIn(rollup, range).map((window) => ({ rollup: rollup.rollup, ...window }))),
  }
}

export async function pass(world: World, { rollup, through, expired, isStale }: DeedNamed<'pass'>): Promise<Step | null> {
  const record = await recordOf(world, rollup)
  if (record === null) return null
  const one = {
    rollup,
    generation: record.generation,
    expected: isStale ? record.watermark - 1 : record.watermark,
    through: Math.max(record.watermark, windowAt(record, through).start),
    expired,
  }
  return stepOf('windows.pass', { passes: [one], now: world.now }, (store, asked) => windowsOf(store).pass(asked))
}

export function state(world: World, { rollups, limit, after }: DeedNamed<'state'>): Step {
  const page = { limit, ...(after === null ? {} : { after: instantAt(after) }) }
  const request = { rollups: rollups.map((rollup) => ({ rollup, ...page })), now: world.now }
  return stepOf('windows.state', request, (store, asked) => windowsOf(store).state(asked))
}

export function listWindows(world: World, { rollup, from, length, backfill, limit }: DeedNamed<'listWindows'>): Step {
  const id = backfill === null ? undefined : pickOf(world.backfills, backfill)
  const request = { rollup, from: instantAt(from), to: instantAt(from + length), ...(id === undefined ? {} : { backfill: id }), limit }
  return stepOf('windows.list', request, (store, asked) => windowsOf(store).list(asked))
}
