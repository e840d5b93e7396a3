/** How those who wait for runs look at them: together. One watch for all, and one call for all who ask in the same turn. */
import type { Engine } from '../engine/engine.ts'
import type { RunRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../time/clock.ts'

/** Ids asked for with one call. */
const MOST_IDS = 500

/** Hints for one who waits. */
export interface RunHints {
  /** Resolves with the next hint that the run ended. */
  next(): Promise<void>
  close(): void
}

export interface RunWatch {
  get(id: string): Promise<RunRecord | null>
  hints(id: string): RunHints
}

export function createRunWatch(deps: { readonly store: Store; readonly clock: Clock; readonly call: Engine['call'] }): RunWatch {
  return { get: createReader(deps), hints: createHints(deps.store) }
}

function createReader({ clock, call }: { readonly clock: Clock; readonly call: Engine['call'] }): RunWatch['get'] {
  let asking = new Map<string, Promise<RunRecord | null>>()
  let gathered: { readonly id: string; readonly resolve: (answer: Promise<RunRecord | null>) => void }[] = []

  const ask = (): void => {
    const all = gathered
    gathered = []
    asking = new Map()
    for (let start = 0; start < all.length; start += MOST_IDS) {
      const some = all.slice(start, start + MOST_IDS)
      const answer = call('runs.get', (store) => store.runs.get({ ids: some.map(({ id }) => id) }))
      some.forEach(({ resolve }, index) => resolve(answer.then(({ runs }) => runs[index] ?? null)))
    }
  }

  return (id) => {
    const known = asking.get(id)
    if (known !== undefined) return known
    const answer = new Promise<RunRecord | null>((resolve) => {
      if (gathered.length === 0) clock.defer(ask)
      gathered.push({ id, resolve })
    })
    asking.set(id, answer)
    return answer
  }
}

function createHints(store: Store): RunWatch['hints'] {
  const waiting = new Map<string, Set<() => void>>()
  let unwatch: (() => void) | null = null
  return (id) => {
    let wake = (): void => undefined
    const hinted = (): void => wake()
    unwatch ??= store.watch((hint) => {
      if (hint.kind === 'settled') for (const one of waiting.get(hint.runId) ?? []) one()
    })
    const others = waiting.get(id) ?? new Set()
    waiting.set(id, others.add(hinted))
    return {
      next: () =>
        new Promise((resolve) => {
          wake = resolve
        }),
      close() {
        others.delete(hinted)
        if (others.size === 0 && waiting.get(id) === others) waiting.delete(id)
        if (waiting.size > 0) return
        unwatch?.()
        unwatch = null
      },
    }
  }
}
