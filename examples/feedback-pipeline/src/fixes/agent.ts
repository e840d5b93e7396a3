/** The agent that fixes: a process of its own, which gets a task and a narrow environment, and tells how far it is. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { NonRetryableError } from '@quarterjack/core'
import * as z from 'zod'

export interface FixTask {
  readonly jobId: string
  readonly repository: string
  readonly title: string
  readonly reports: readonly string[]
  readonly stepMs: number
}

export interface FixProgress {
  readonly step: string
  readonly message: string
  /** 0–100. */
  readonly percent: number
}

export interface Fixed {
  readonly branch: string
  readonly prUrl: string
}

/** Lines are handed over one after another: the next one waits. */
export type Agent = (task: FixTask, onProgress: (progress: FixProgress) => Promise<void>, signal: AbortSignal) => Promise<Fixed>

const lineSchema = z.union([
  z.object({ step: z.string().max(40), message: z.string().max(500), percent: z.int().min(0).max(100) }),
  z.object({ branch: z.string().max(200), prUrl: z.url({ protocol: /^https$/ }).max(500) }),
  z.object({ failure: z.string().max(500), isFinal: z.boolean() }),
])

/** Its environment has nothing of ours: no tokens, no database. What it may need of GitHub is given as AGENT_GITHUB_TOKEN. */
export const processAgent: Agent = async (task, onProgress, signal) => {
  const { AGENT_GITHUB_TOKEN: token } = process.env
  const child = spawn(process.execPath, [fileURLToPath(new URL('./agent-process.ts', import.meta.url))], {
    env: token === undefined ? {} : { AGENT_GITHUB_TOKEN: token },
    stdio: ['pipe', 'pipe', 'inherit'],
    // Kills it when the run is cancelled, times out, or loses its lease.
    signal,
  })
  const ended = endOf(child)
  // A process that dies at once leaves a broken pipe; how it ended says more.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(JSON.stringify(task))
  try {
    const fixed = await readLines(child, onProgress)
    const code = await ended
    signal.throwIfAborted()
    if (fixed === null) throw new Error(`The agent ended with ${code ?? 'a signal'} and no pull request.`)
    return fixed
  } catch (error) {
    child.kill('SIGKILL')
    signal.throwIfAborted()
    throw error
  }
}

async function readLines(child: ChildProcess, onProgress: (progress: FixProgress) => Promise<void>): Promise<Fixed | null> {
  if (child.stdout === null) return null
  let fixed: Fixed | null = null
  for await (const text of createInterface({ input: child.stdout })) {
    const line = lineSchema.parse(JSON.parse(text))
    if ('failure' in line) throw line.isFinal ? new NonRetryableError(line.failure) : new Error(line.failure)
    if ('step' in line) await onProgress(line)
    else fixed = line
  }
  return fixed
}

/** Never rejects: what spawn and the signal complain of shows in the end, too. */
function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (code) => resolve(code))
  })
}
