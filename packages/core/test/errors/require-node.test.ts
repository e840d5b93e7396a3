import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OLDEST_NODE, requireNode } from '../../src/errors/require-node.ts'

describe('requireNode', () => {
  it.each(['22.12.0', '22.20.1', '24.0.0', '26.1.0-nightly'])('lets %s pass', (version) => {
    expect(() => requireNode(version)).not.toThrow()
  })

  it.each(['18.20.8', '20.20.2', '22.11.0'])('refuses %s, and says what is needed', (version) => {
    expect(() => requireNode(version)).toThrow(
      expect.objectContaining({
        code: 'NodeTooOld',
        message: expect.stringContaining(`Quarterjack needs Node ≥ 22.12; this is Node ${version}.`),
      }),
    )
  })

  it('means what the package declares', () => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    expect((JSON.parse(manifest) as { readonly engines: { readonly node: string } }).engines.node).toBe(`>=${OLDEST_NODE}`)
  })
})
