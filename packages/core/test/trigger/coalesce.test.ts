import { describe, expect, it } from 'vitest'
import { coalesce, coalescingKey, foldPayloads, mergePayloads, type Trigger } from '../../src/trigger/coalesce.ts'
import type { Debounce, EnqueueRequest } from '../../src/store/runs.ts'

function trigger(payload: unknown, over: Partial<EnqueueRequest> & { mode?: Debounce['merge'] } = {}): Trigger {
  const { mode = 'last', ...request } = over
  const text = JSON.stringify(payload)
  return {
    merge: mode === 'list' ? (a: never, b: never) => (a as number) + (b as number) : null,
    request: {
      id: `id-${text}`,
      job: 'j',
      key: '',
      trigger: 'debounce',
      payload: text,
      merging: mode === 'list' ? [text] : undefined,
      triggers: 1,
      priority: 0,
      delayMs: 0,
      overlap: 'allow',
      skipWhenBusy: false,
      gates: [],
      debounce: { waitMs: 5, maxWaitMs: null, leading: false, trailing: true, merge: mode },
      ...request,
    },
  }
}

describe('coalesce', () => {
  it.each([
    ['last', '3', undefined],
    ['first', '1', undefined],
    ['list', '6', ['6']],
  ] as const)('folds three triggers with merge %s', (mode, payload, merging) => {
    const [a, b, c] = [1, 2, 3].map((value) => trigger(value, { mode })) as [Trigger, Trigger, Trigger]
    const folded = foldPayloads(coalesce(coalesce(a, b), c), ['1', '2', '3'])
    expect(folded).toMatchObject({ id: 'id-1', triggers: 3, payload })
    expect(folded.merging).toEqual(merging)
  })

  it('keeps apart what differs in job, key, priority or debounce, and what carries an idempotency key', () => {
    const base = coalescingKey(trigger(1))
    expect(base).not.toBeNull()
    for (const over of [{ job: 'k' }, { key: 'x' }, { priority: 1 }, { mode: 'first' as const }])
      expect(coalescingKey(trigger(1, over))).not.toBe(base)
    expect(coalescingKey(trigger(1, { idempotency: { key: 'a', ttlMs: 1 } }))).toBeNull()
    expect(coalescingKey(trigger(1, { debounce: undefined }))).toBeNull()
  })

  it('merges kept payloads oldest first', () => {
    const join = (a: never, b: never): string => `${a as string}${b as string}`
    expect(mergePayloads(['"a"', '"b"', '"c"'], join)).toBe('"abc"')
    expect(mergePayloads(['"a"'], join)).toBe('"a"')
    expect(mergePayloads([], join)).toBeNull()
  })
})
