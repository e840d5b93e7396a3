/** A scenario: peers measured side by side, interleaved, each round in a process of its own. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Sample } from './figure.ts'

export interface Contender {
  readonly peer: string
  readonly version: string
  /** The row's set-up, the same for all who take part in it. */
  readonly config: string
  /** How this peer itself is set up: its fastest durable configuration. */
  readonly setUp?: string
  /** Left out with `--quick`: it alone would take more than the minute. */
  readonly isSlow?: boolean
  measure(quick: boolean): Promise<Sample>
}

export interface Scenario {
  readonly name: string
  /** Printed above the table. */
  readonly about: string
  readonly rounds: { readonly quick: number; readonly full: number }
  /** What is put on the stack is disposed of after the last round. */
  contenders(stack: AsyncDisposableStack, choices: Choices): Promise<readonly Contender[]>
}

/** What the command line chooses for every scenario. */
export interface Choices {
  /** Redis appends each write to a file that it syncs every second; otherwise it keeps nothing on disk. */
  readonly aof: boolean
  /** Ours and the bare scripts take part through ioredis as well. */
  readonly ioredis: boolean
}

/** Longest time of one process. */
const PATIENCE_MS = 300_000

/** Runs a script of this folder in a fresh process with this one's flags; its last line of output is the sample. */
export function inOwnProcess(script: string, args: readonly string[], flags: readonly string[] = []): Promise<Sample> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, ...flags, path, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += String(chunk)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      const last = output.trimEnd().split('\n').at(-1)
      if (code !== 0 || last === undefined) reject(new Error(`${script} ${args.join(' ')} ended with ${code}: ${output.slice(-500)}`))
      else resolve(JSON.parse(last) as Sample)
    })
  })
}
