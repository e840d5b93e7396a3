/** What only a real process shows: a reader that goes away, and an exit right after the answer. */
import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const ENTRY = new URL('../../src/cli/index.ts', import.meta.url).href
const FAKE = new URL('./fake-scheduler.ts', import.meta.url).href
const ROWS = 20_000

const PROGRAM = `
  import { runCli } from ${JSON.stringify(ENTRY)}
  import { fakeRun, fakeScheduler } from ${JSON.stringify(FAKE)}
  const runs = Array.from({ length: ${ROWS} }, () => fakeRun())
  process.exit(await runCli(fakeScheduler({ verbs: { 'runs.find': () => runs } }).scheduler, ['runs']))
`

interface Ended {
  readonly code: number | null
  readonly stderr: string
}

function start(onOutput: (chunk: string, stop: () => void) => void): Promise<Ended> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => onOutput(chunk, () => child.stdout.destroy()))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })))
}

describe("the process's own stdout", () => {
  it('is written to the end before runCli resolves', async () => {
    let lines = 0
    const { code, stderr } = await start((chunk) => {
      lines += chunk.split('\n').length - 1
    })
    expect([code, stderr, lines]).toEqual([0, '', ROWS + 1])
  })

  it('may be closed by its reader', async () => {
    const { code, stderr } = await start((_, stop) => stop())
    expect([code, stderr]).toEqual([0, ''])
  })
})
