import { describe, expect, it } from 'vitest'
import { drawDiagram } from '../src/diagrams.ts'

describe('drawDiagram', () => {
  it('draws without loading anything from elsewhere', () => {
    const svg = drawDiagram('stateDiagram-v2\n  [*] --> pending: trigger\n  pending --> running: claim\n')
    expect(svg).toMatch(/^<svg [\s\S]*>pending<[\s\S]*<\/svg>\s*$/)
    expect(svg.replaceAll('http://www.w3.org', '')).not.toMatch(/https?:|@import/)
  })

  it('refuses what it cannot draw', () => {
    expect(() => drawDiagram('gantt\n  title Nothing\n')).toThrow(/gantt|header|Invalid/i)
  })
})
