import { createAudience } from '@quarterjack/core/store'
import { describe, expect, it, vi } from 'vitest'

describe('an audience', () => {
  it('is told after the step, of each hint once', async () => {
    const audience = createAudience()
    const heard: string[] = []
    audience.watch((hint) => heard.push(hint.kind))
    audience.tell([{ kind: 'work' }])
    audience.tell([{ kind: 'work' }, { kind: 'settled', runId: 'a' }])
    expect(heard).toEqual([])
    await Promise.resolve()
    expect(heard).toEqual(['work', 'settled'])
  })

  it('is told at once, with what was gathered before, where that is asked for', async () => {
    const audience = createAudience()
    const heard: string[] = []
    audience.watch((hint) => {
      heard.push(hint.kind)
      if (hint.kind === 'cancel') audience.tell([{ kind: 'work' }])
    })
    audience.tell([{ kind: 'work' }])
    audience.tell([{ kind: 'work' }, { kind: 'cancel', owner: 'o' }], true)
    expect(heard).toEqual(['work', 'cancel'])
    await Promise.resolve()
    expect(heard).toEqual(['work', 'cancel', 'work'])
  })

  it('loses nothing where a listener throws', async () => {
    const audience = createAudience()
    const heard = vi.fn()
    audience.watch(() => {
      throw new Error('mine')
    })
    audience.watch(heard)
    audience.tell([{ kind: 'work' }, { kind: 'cancel', owner: 'n1' }])
    await Promise.resolve()
    expect(heard).toHaveBeenCalledTimes(2)
  })

  it('tells when the first one comes and when the last one goes', () => {
    const sizes: number[] = []
    const audience = createAudience(() => sizes.push(audience.size))
    const listener = (): void => undefined
    const leave = audience.watch(listener)
    const leaveToo = audience.watch(listener)
    leave()
    leave()
    leaveToo()
    expect(sizes).toEqual([1, 0])
  })

  it('keeps nothing for a listener that comes later', async () => {
    const audience = createAudience()
    audience.tell([{ kind: 'work' }])
    const heard = vi.fn()
    audience.watch(heard)
    await Promise.resolve()
    expect(heard).not.toHaveBeenCalled()
  })
})
