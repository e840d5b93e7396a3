import { describe, expect, it } from 'vitest'
import { findSeamBreaks, findSleeps } from '../shape/clock-seam.ts'
import { plant, plantInCore } from './planted.ts'

const breaks = (folder: string, text: string): number => findSeamBreaks(plantInCore(folder, text)).length

describe('clock seam', () => {
  it.each([
    'const at = Date.now()',
    'const read = Date.now',
    'const at = globalThis.Date.now()',
    'const { now } = Date',
    'const at = new Date()',
    'const at = Date()',
    'performance.now()',
    'process.hrtime.bigint()',
    'setTimeout(() => {}, 5)',
    'globalThis.setTimeout(() => {}, 5)',
    'const later = setTimeout',
    'const options = { timer: setInterval }',
    'call(setImmediate)',
    `import { setTimeout as wait } from 'node:timers/promises'`,
    'AbortSignal.timeout(5)',
    'Math.random()',
    'crypto.randomUUID()',
    `import { randomBytes } from 'node:crypto'`,
    `import * as crypto from 'node:crypto'`,
  ])('refuses %s', (text) => {
    expect(breaks('engine', text)).toBeGreaterThan(0)
  })

  it.each([
    'const at = new Date(5)',
    'const at = Date.parse("2026-01-01")',
    'clock.setTimer(() => {}, 5)',
    'interface Clock { setTimeout(): void }',
    'type Timer = ReturnType<typeof setTimeout>',
    'options.setTimeout()',
    'queueMicrotask(() => {})',
    'Math.floor(2.5)',
    `import { createHash } from 'node:crypto'`,
    '// Date.now() is read elsewhere',
  ])('lets %s pass', (text) => {
    expect(breaks('engine', text)).toBe(0)
  })

  it('lets time/ read clocks but not draw, and random/ draw but not read clocks', () => {
    expect(breaks('time', 'Date.now(); setTimeout(() => {}, 5)')).toBe(0)
    expect(breaks('time', 'Math.random()')).toBe(1)
    expect(breaks('random', 'Math.random()')).toBe(0)
    expect(breaks('random', 'Date.now()')).toBe(1)
  })
})

describe('real sleeps', () => {
  it.each([
    ['await new Promise((resolve) => setTimeout(resolve, 50))', 1],
    [`import { setTimeout } from 'node:timers/promises'`, 1],
    ['await sleep(systemClock, 50)', 1],
    ['await sleep(clock, 50)', 0],
    ['await new Promise((resolve) => setImmediate(resolve))', 0],
  ])('%s: %i', (text, count) => {
    const [unit] = plant({ 'packages/core/test/engine/loop.test.ts': text })
    expect(unit === undefined ? -1 : findSleeps(unit).length).toBe(count)
  })
})
