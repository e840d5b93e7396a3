/** The service as a process of its own, as `start` runs it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface MainProcess {
  readonly child: ChildProcess
  output(): string
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
}

/** Starts `node src/<file> …args` with nothing but `env` in its environment. */
export function runMain(env: Readonly<Record<string, string>>, file = 'main.ts', args: readonly string[] = []): MainProcess {
  const path = fileURLToPath(new URL(`../../src/${file}`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@quarterjack/source', path, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
  return { child, output: () => output, ended }
}
