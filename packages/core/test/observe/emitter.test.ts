import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createEmitter, type ListenerFailure, REPORTS_PER_MINUTE } from '../../src/observe/emitter.ts'
import { EVENT_NAMES } from '../../src/observe/event-names.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

const recovered = { afterMs: 5 }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('createEmitter', () => {
  it('delivers to listeners of the name, in order, until they unsubscribe', () => {
    const emitter = createEmitter()
    const seen: string[] = []
    const stop = emitter.on('store.recovered', ({ afterMs }) => void seen.push(`first ${afterMs}`))
    emitter.on('store.recovered', () => void seen.push('second'))
    emitter.on('clock.backward', () => void seen.push('other'))
    emitter.emit('store.recovered', recovered)
    stop()
    stop()
    emitter.emit('store.recovered', { afterMs: 6 })
    expect(seen).toEqual(['first 5', 'second', 'second'])
  })

  it('keeps two subscriptions of one function apart', () => {
    const emitter = createEmitter()
    let calls = 0
    const listener = (): void => {
      calls++
    }
    const stop = emitter.on('store.recovered', listener)
    emitter.on('store.recovered', listener)
    emitter.emit('store.recovered', recovered)
    stop()
    emitter.emit('store.recovered', recovered)
    expect(calls).toBe(3)
  })

  it('isolates listeners that throw or reject, counts them and reports them', async () => {
    const failures: ListenerFailure[] = []
    const events: unknown[] = []
    let healthy = 0
    const emitter = createEmitter({ onListenerError: (failure) => void failures.push(failure), clock: fakeClock() })
    emitter.on('listener.failed', (event) => void events.push(event))
    emitter.on('store.recovered', () => expect.fail('thrown'))
    emitter.on('store.recovered', (async () => {
      await Promise.resolve()
      throw new RangeError('rejected')
    }) as () => void)
    emitter.on('store.recovered', () => healthy++)
    emitter.emit('store.recovered', recovered)
    await turn()
    expect(healthy).toBe(1)
    expect(emitter.listenerErrors()).toBe(2)
    expect(failures).toMatchObject([
      { event: 'store.recovered', error: { message: 'thrown' } },
      { event: 'store.recovered', error: { name: 'RangeError', message: 'rejected' } },
    ])
    expect(events).toMatchObject([{ event: 'store.recovered' }, { event: 'store.recovered', error: { name: 'RangeError' } }])
  })

  it('never recurses when the listener to failures fails', () => {
    const failures: ListenerFailure[] = []
    const emitter = createEmitter({ onListenerError: (failure) => void failures.push(failure), clock: fakeClock() })
    let calls = 0
    emitter.on('listener.failed', () => {
      calls += 1
      throw new Error('again')
    })
    emitter.on('store.recovered', () => expect.fail('first'))
    emitter.emit('store.recovered', recovered)
    expect(calls).toBe(1)
    expect(emitter.listenerErrors()).toBe(2)
    // The inner failure is reported within the outer one.
    expect(failures.map(({ event }) => event)).toEqual(['store.recovered', 'listener.failed'])
  })

  it('bounds reports per minute, counts on, and says how many it kept back', async () => {
    const clock = fakeClock()
    const failures: ListenerFailure[] = []
    let events = 0
    const emitter = createEmitter({ onListenerError: (failure) => void failures.push(failure), clock })
    emitter.on('listener.failed', () => events++)
    emitter.on('store.recovered', () => expect.fail('every time'))
    for (let index = 0; index < 100; index += 1) emitter.emit('store.recovered', recovered)
    expect(emitter.listenerErrors()).toBe(100)
    expect(failures).toHaveLength(REPORTS_PER_MINUTE)
    expect(events).toBe(REPORTS_PER_MINUTE)
    await clock.advance(60_000)
    emitter.emit('store.recovered', recovered)
    expect(failures.at(-1)?.unreported).toBe(100 - REPORTS_PER_MINUTE)
    expect(events).toBe(REPORTS_PER_MINUTE + 1)
  })

  it('survives a reporter that throws', () => {
    const emitter = createEmitter({ onListenerError: () => expect.fail('reporter') })
    emitter.on('store.recovered', () => expect.fail('listener'))
    expect(() => emitter.emit('store.recovered', recovered)).not.toThrow()
    expect(emitter.listenerErrors()).toBe(1)
  })

  it('survives a listener whose result has a throwing `then`', async () => {
    const emitter = createEmitter()
    emitter.on('store.recovered', (() => ({
      get then(): never {
        return expect.fail('then')
      },
    })) as () => void)
    emitter.emit('store.recovered', recovered)
    await turn()
    expect(emitter.listenerErrors()).toBe(1)
  })

  it('freezes the payload', () => {
    const emitter = createEmitter()
    let second: number | undefined
    emitter.on('store.recovered', (payload) => {
      ;(payload as { afterMs: number }).afterMs = 99
    })
    emitter.on('store.recovered', ({ afterMs }) => {
      second = afterMs
    })
    emitter.emit('store.recovered', { ...recovered })
    expect(second).toBe(5)
    expect(emitter.listenerErrors()).toBe(1)
  })

  it('lets a listener unsubscribe others and subscribe during an emit', () => {
    const emitter = createEmitter()
    const seen: string[] = []
    const stops: (() => void)[] = []
    emitter.on('store.recovered', () => {
      for (const stop of stops) stop()
      emitter.on('store.recovered', () => void seen.push('late'))
    })
    stops.push(emitter.on('store.recovered', () => void seen.push('removed')))
    emitter.emit('store.recovered', recovered)
    expect(seen).toEqual(['removed'])
    emitter.emit('store.recovered', { ...recovered })
    expect(seen).toEqual(['removed', 'late'])
  })

  it('knows whether anybody listens, and costs almost nothing when nobody does', () => {
    const emitter = createEmitter()
    expect(emitter.hears('run.started')).toBe(false)
    const stop = emitter.on('run.started', () => {})
    expect(emitter.hears('run.started')).toBe(true)
    stop()
    expect(emitter.hears('run.started')).toBe(false)
    const payload = { afterMs: 1 }
    emitter.emit('store.recovered', payload)
    expect(Object.isFrozen(payload)).toBe(false) // nothing was done with it
  })

  it('refuses unknown events and listeners that are not functions', () => {
    const emitter = createEmitter()
    expect(() => emitter.on('run.done' as never, () => {})).toThrow(
      expect.objectContaining({ code: 'InvalidOption', message: expect.stringContaining('"run.done"') }),
    )
    expect(() => emitter.on('run.dead', undefined as never)).toThrow(expect.objectContaining({ code: 'InvalidOption' }))
  })

  it('knows every event by name', () => {
    const emitter = createEmitter()
    for (const name of EVENT_NAMES) emitter.on(name, () => {})
    expect(new Set(EVENT_NAMES).size).toBe(EVENT_NAMES.length)
    expect(EVENT_NAMES).toContain('run.dead')
  })

  it('has every event documented, and no other', () => {
    const page = readFileSync(new URL('../../../../docs/events.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z]+\.[a-z]+)` \|/gm)].map(([, name]) => name)
    expect(rows.toSorted()).toEqual([...EVENT_NAMES].sort())
  })
})
