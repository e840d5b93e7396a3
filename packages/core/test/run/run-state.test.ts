import { describe, expect, it } from 'vitest'
import { isTerminal, nextRunState, RUN_TRANSITIONS, TERMINAL_STATES, type RunAction, type RunState } from '../../src/run/run-state.ts'

const STATES = Object.keys(RUN_TRANSITIONS) as RunState[]
const ACTIONS = [...new Set(STATES.flatMap((state) => Object.keys(RUN_TRANSITIONS[state])))] as RunAction[]

describe('run states', () => {
  it('leave no terminal state, and reach each of them', () => {
    for (const state of TERMINAL_STATES) for (const action of ACTIONS) expect(nextRunState(state, action)).toBeNull()
    const reached = new Set<RunState>(['pending'])
    for (let size = 0; size < reached.size; ) {
      size = reached.size
      for (const state of [...reached]) for (const next of Object.values(RUN_TRANSITIONS[state])) reached.add(next)
    }
    expect([...reached].toSorted()).toEqual(STATES.toSorted())
    expect(STATES.filter(isTerminal).toSorted()).toEqual([...TERMINAL_STATES].toSorted())
  })

  it('let only a pending run be claimed', () => {
    expect(STATES.filter((state) => nextRunState(state, 'claim') !== null)).toEqual(['pending'])
  })
})
