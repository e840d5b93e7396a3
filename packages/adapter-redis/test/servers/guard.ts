/** Watches over the process and the directory of a server, so that nothing stays behind however the tests end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Lives outside of the test process, and notices when that is gone. */
export interface Guard {
  /** This process ends with the test process; null: none. Replaces what was said before. */
  watch(pid: number | null): void
  /** Ends it, removes the directory, and resolves when that is done. */
  release(): Promise<void>
}

// Its input ends when the test process does, even if that was killed. What a server has forked ends by itself.
const SCRIPT = `
pid=
while read -r line; do pid=$line; done
[ -z "$pid" ] || kill -KILL $pid 2>/dev/null
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }
`

/** Starts the guard of one server. */
export function startGuard(directory: string): Guard {
  // In a process group of its own, so that Ctrl-C ends the tests first.
  const shell = spawn('sh', ['-c', SCRIPT, 'sh', directory], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const ended = once(shell, 'exit')
  // A test that forgot a server must not hang for it.
  shell.unref()
  const input = shell.stdin as typeof shell.stdin & { unref?: () => void }
  input.unref?.()
  input.on('error', () => undefined)
  return {
    watch: (pid) => void input.write(`${pid ?? ''}\n`),
    async release(): Promise<void> {
      input.end()
      shell.ref()
      await ended
    },
  }
}
