/** Runs one command line and keeps what it wrote. */
import { type CliOptions, runCli } from '../../src/cli/index.ts'
import type { Scheduler } from '../../src/scheduler/scheduler.ts'

export interface Invocation {
  readonly code: number
  readonly out: string
  readonly err: string
  /** Lines of stdout. */
  readonly lines: readonly string[]
}

/** A command line, as words. */
export async function invoke(scheduler: Scheduler, argv: readonly string[], options: CliOptions = {}): Promise<Invocation> {
  const stdout = sink()
  const stderr = sink()
  const code = await runCli(scheduler, argv, { name: 'app', env: {}, stdout, stderr, ...options })
  return { code, out: stdout.text(), err: stderr.text(), lines: stdout.text().trimEnd().split('\n') }
}

/** The same with `--json`; the document is parsed. */
export async function invokeJson<T = Record<string, unknown>>(
  scheduler: Scheduler,
  argv: readonly string[],
  options: CliOptions = {},
): Promise<Invocation & { readonly json: T }> {
  const done = await invoke(scheduler, [...argv, '--json'], options)
  return { ...done, json: JSON.parse(done.out) as T }
}

function sink(): { write(text: string): void; text(): string } {
  let written = ''
  return {
    write: (text) => {
      written += text
    },
    text: () => written,
  }
}
