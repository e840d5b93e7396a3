/** The suite itself: runner-neutral, never silent about what it leaves out. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { storeConformance } from '../../src/testing/conformance/store-conformance.ts'
import { collectCases } from './collect-cases.ts'
import { MEMORY_CAPABILITIES, memoryHarness } from './memory-harness.ts'

const create = (): ReturnType<typeof memoryHarness> => memoryHarness()
const capabilities = MEMORY_CAPABILITIES

describe('storeConformance', () => {
  it('names every case once', () => {
    const names = collectCases({ create, capabilities }).map((one) => `${one.title} (${one.clock})`)
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(collectCases({ create, capabilities }).map((one) => one.title)).size).toBeGreaterThan(200)
  })

  it('refuses to skip a case that does not exist, or without a reason', () => {
    expect(() => collectCases({ create, skip: { 'claim: nonsense': 'x' } })).toThrow(/there is no case "claim: nonsense"/)
    expect(() => collectCases({ create, skip: { 'claim: a run is claimed once': ' ' } })).toThrow(/has no reason/)
  })

  it('reports what it leaves out, with the reason', () => {
    const skipped: string[] = []
    const run = (): void => {}
    storeConformance({
      describe: (_, body) => body(),
      it: Object.assign(run, { skip: (name: string) => skipped.push(name) }),
      create,
      capabilities,
      skip: { 'claim: a run is claimed once': 'there is one claimer only' },
    })
    expect(skipped).toContain('a run is claimed once (left out: there is one claimer only)')
    expect(skipped.filter((name) => name.includes('declares no transactions'))).toHaveLength(13)
    expect(skipped.filter((name) => name.includes('declares no waitsToFire'))).toHaveLength(1)
    expect(skipped).toHaveLength(15)
  })

  it('fails when a store declares other capabilities than the suite was told', async () => {
    const [first] = collectCases({ create, capabilities: { ...capabilities, durable: true } })
    await expect(first?.run()).rejects.toThrow(/capability durable/)
  })

  it('runs with node:test', async () => {
    const file = fileURLToPath(new URL('./node-test-example.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--experimental-strip-types', '--test', '--test-reporter=tap', file], {
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    expect(stdout).toMatch(/^# fail 0$/m)
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(300)
  })
})
