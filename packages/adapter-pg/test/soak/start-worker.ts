/** Worker processes of a soak. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ProcessSample, Reply, Tally, Word } from './soak-plan.ts'

export interface SoakWorker extends AsyncDisposable {
  sample(): Promise<ProcessSample>
  /** No more triggers and locks; resolves once none is under way. */
  ease(): Promise<void>
  tally(): Promise<Tally>
  /** SIGTERM: answers its exit code. */
  stop(): Promise<number | null>
}

const PROGRAM = new URL('./worker.ts', import.meta.url).pathname

/** Resolves once it works. */
export async function startSoakWorker(url: string): Promise<SoakWorker> {
  const child = fork(PROGRAM, [url], {
    execArgv: ['--conditions=@quarterjack/source', '--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null

  /** One question at a time: the next message is its answer. */
  const heard = async <Kind extends Reply['kind']>(kind: Kind, word?: Word): Promise<Extract<Reply, { kind: Kind }>> => {
    const over = new AbortController()
    const next = once(child, 'message', { signal: over.signal })
    // Which of the two comes second is of no interest.
    next.catch(() => undefined)
    if (word !== undefined) child.send(word)
    try {
      const reply = await Promise.race([next, ended.then(() => null)])
      if (reply === null) throw new Error(`A worker of the soak ended: ${child.signalCode ?? child.exitCode}.`)
      const message = reply[0] as Reply
      if (message.kind !== kind) throw new Error(`A worker of the soak said ${message.kind} instead of ${kind}.`)
      return message as Extract<Reply, { kind: Kind }>
    } finally {
      over.abort()
    }
  }

  await heard('ready')
  return {
    sample: async () => (await heard('sample', 'sample')).sample,
    ease: async () => void (await heard('eased', 'ease')),
    tally: async () => (await heard('tally', 'tally')).tally,
    async stop() {
      child.kill('SIGTERM')
      if (isAlive()) await ended
      return child.exitCode
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (isAlive()) await ended
    },
  }
}
