/** Watches over the processes and the directory of a server, so that nothing stays behind however the tests end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Lives outside of the test process, and notices when that is gone. */
export interface Guard {
  /** These processes (the first is the parent of the others) end with the test process; replaces what was said before. */
  watch(pids: readonly number[]): void
  /** Ends them, removes the directory, and resolves when that is done. */
  release(): Promise<void>
}

// Its input ends when the test process does, even if that was killed. Paused processes are woken first:
// an orderly end frees shared memory, which killing leaves behind.
const SCRIPT = `
pids=
while read -r line; do pids=$line; done
if [ -n "$pids" ]; then
  parent=\${pids%% *}
  kill -CONT $pids 2>/dev/null
  kill -QUIT $parent 2>/dev/null
  turn=0
  while kill -0 $parent 2>/dev/null && [ $turn -lt 50 ]; do sleep 0.1; turn=$((turn + 1)); done
  [ $turn -lt 50 ] || kill -KILL $pids 2>/dev/null
fi
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
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
    watch: (pids) => void input.write(`${pids.join(' ')}\n`),
    async release(): Promise<void> {
      input.end()
      shell.ref()
      await ended
    },
  }
}
