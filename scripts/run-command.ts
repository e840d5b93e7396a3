/** Runs a program and collects what it says. */
import { spawn } from 'node:child_process'

/** How a program ended. */
export interface CommandResult {
  readonly code: number
  /** Standard output and error as they came. */
  readonly output: string
  readonly stdout: string
}

/** Options of {@link runCommand}. */
export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Kill it after this long; the code is then 124. Default ten minutes. */
  readonly timeoutMs?: number
  /** Let a shell read `command`; `args` must then be empty. */
  readonly shell?: boolean
}

/** Runs `command` to its end. Never rejects: a program that cannot be started has code 127. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      env: options.env ?? process.env,
      shell: options.shell ?? false,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let stdout = ''
    let timedOut = false
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, options.timeoutMs ?? 600_000)
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve({ code: 127, output: `${command}: ${error.message}\n`, stdout })
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: timedOut ? 124 : (code ?? 1), output: timedOut ? `${output}\nStopped: it took too long.\n` : output, stdout })
    })
  })
}
