import { expect, it } from 'vitest'
import { runMain } from './support/run-main.ts'

it('the demo tells its story, ends by itself, and all of it is true', async () => {
  const { code, output } = await runMain({}, 'demo.ts').ended
  expect(output).not.toMatch(/✗|DIFFERENT|ERROR/)
  expect(code, output).toBe(0)
  expect(output.match(/✓/g)).toHaveLength(10)
  expect(output.match(/ equal$/gm)).toHaveLength(12)
  for (const part of ['40 spans up to nine days late', 'dates_processed=2', '0 violations', 'POST /internal/rollup/trigger 200']) {
    expect(output).toContain(part)
  }
}, 60_000)
