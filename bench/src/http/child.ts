/** Scripts of this folder in processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Starts one and gives its first line; it ends with this process, or when told to. */
export async function startChild(
  script: string,
  args: readonly string[] = [],
): Promise<{ readonly line: string; readonly child: ChildProcess }> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [...process.execArgv, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill())
  const lines = createInterface({ input: child.stdout })
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve)
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} and said nothing`)))
  })
  return { line, child }
}
