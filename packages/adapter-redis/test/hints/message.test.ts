import { describe, expect, it } from 'vitest'
import { readHints, readMessage } from '../../src/hints/message.ts'

describe('a message', () => {
  it('says who speaks, and what', () => {
    expect(readMessage('["p1",["w"],["r"],["c","owner 1"],["s","run 1"],["l","name 1"]]')).toEqual({
      from: 'p1',
      hints: [
        { kind: 'work' },
        { kind: 'work', of: 'runs' },
        { kind: 'cancel', owner: 'owner 1' },
        { kind: 'settled', runId: 'run 1' },
        { kind: 'lease', name: 'name 1' },
      ],
    })
  })

  it('of a later version is understood as far as can be', () => {
    expect(readMessage('["p1",["z","more"],["w","more"],["c"],["s",7],7,null]')).toEqual({ from: 'p1', hints: [{ kind: 'work' }] })
  })

  it.each(['', 'rubbish', '{}', '[]', '[7]', 'null', '"p1"'])('%j is none of ours', (text) => {
    expect(readMessage(text)).toBeNull()
  })
})

describe('hints in the reply of a script', () => {
  it('are the same list', () => {
    expect(readHints([['r'], ['l', 'a']])).toEqual([
      { kind: 'work', of: 'runs' },
      { kind: 'lease', name: 'a' },
    ])
    expect(readHints(null)).toEqual([])
    expect(readHints([])).toEqual([])
  })
})
