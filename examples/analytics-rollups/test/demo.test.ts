import { expect, it } from 'vitest'
import { poll } from './support/poll.ts'
import { runMain } from './support/run-main.ts'

// It waits for as long as it makes progress: a slow machine is no failure.
const PATIENCE_MS = 600_000

it(
  'the demo tells its story, ends by itself, and all of it is true',
  async () => {
    const { code, output } = await runMain({}, 'demo.ts').ended
    expect(output).not.toMatch(/✗|DIFFERENT|ERROR/)
    expect(code, output).toBe(0)
    expect(output.match(/✓/g)).toHaveLength(10)
    expect(output.match(/ equal$/gm)).toHaveLength(12)
    for (const part of ['40 spans up to nine days late', 'dates_processed=2', '0 violations', 'POST /internal/rollup/trigger 200']) {
      expect(output).toContain(part)
    }
  },
  PATIENCE_MS,
)

it(
  'with --keep it goes on, says where, and ends cleanly on Ctrl+C',
  async () => {
    const demo = runMain({}, 'demo.ts', ['--keep'])
    const url = await poll('its address', () => /It goes on, .*: (http:\S+)/.exec(demo.output())?.[1], PATIENCE_MS)
    expect((await fetch(url)).status).toBe(200)
    expect((await fetch(`${url}/health/rollup`)).status).toBe(200)
    demo.child.kill('SIGINT')
    expect(await demo.ended).toMatchObject({ code: 0, output: expect.stringMatching(/rollup scheduler stopped\n$/) })
  },
  PATIENCE_MS,
)
