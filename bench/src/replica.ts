/** Processes beside the measuring one: its own script again, in another role, connected by messages. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

export interface Replica {
  /** The next message that was not read yet. */
  next<T>(): Promise<T>
  say(message: string): void
  /** At once, as when its machine fails. */
  kill(): Promise<void>
}

/** Starts one, which ends with this process. Resolves once it said its first word. */
export async function startReplica(args: readonly string[]): Promise<Replica> {
  const child = fork(process.argv[1] ?? '', [...args], { execArgv: process.execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const replica = replicaOf(child)
  await replica.next()
  return replica
}

function replicaOf(child: ChildProcess): Replica {
  const unread: unknown[] = []
  let arrive: () => void = () => undefined
  child.on('message', (message) => {
    unread.push(message)
    arrive()
  })
  const ended = once(child, 'exit')
  ended.then(
    () => arrive(),
    () => undefined,
  )
  return {
    async next<T>() {
      while (unread.length === 0) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`a replica ended with ${child.exitCode ?? child.signalCode}`)
        await new Promise<void>((resolve) => {
          arrive = resolve
        })
      }
      return unread.shift() as T
    },
    say: (message) => void child.send(message),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** What a replica itself does: tells whoever started it, and ends with them. */
export function tell(message: unknown): void {
  process.send?.(message)
}

/** Calls `onWord` with what the starter says; ends this process when the starter is gone. */
export function obey(onWord: (word: string) => void = () => undefined): void {
  process.on('message', (message) => onWord(String(message)))
  process.on('disconnect', () => process.exit(0))
}

/** Milliseconds of a clock that all processes of this machine share, and that nobody sets. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Wall-clock milliseconds, finer than `Date.now()`. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now()
}
