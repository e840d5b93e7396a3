/** Worker processes: started, asked, killed, frozen. */
import { once } from 'node:events'
import type { SchedulerEventName, SchedulerEvents } from '@quarterjack/core'
import { forkProgram } from './fork-program.ts'
import { signal } from './signal.ts'
import type { Answers, Ask, Told } from './worker-plan.ts'

/** A running process. */
export interface Worker {
  readonly name: string
  readonly pid: number
  readonly isAlive: boolean
  /** Resolves when it has registered its jobs and works. */
  readonly ready: Promise<void>
  ask<What extends Ask['what']>(ask: Ask & { readonly what: What }): Promise<Answers[What]>
  /** Events that it told of so far. */
  events<Name extends SchedulerEventName>(name: Name): readonly SchedulerEvents[Name][]
  /** When they were heard of here, by the machine's clock, in ms. */
  eventTimes(name: SchedulerEventName): readonly number[]
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>
  freeze(): void
  thaw(): void
  /** SIGTERM: answers its exit code. */
  stop(): Promise<number | null>
}

/** Starts a process of `program`, which is told its plan. `preload` are modules that it loads before everything else. */
export function startWorker(program: string, plan: { readonly name: string }, preload: readonly string[] = []): Worker {
  const child = forkProgram(program, plan, preload)
  const { pid } = child
  if (pid === undefined) throw new Error(`Worker ${plan.name} cannot be started.`)
  const ended = once(child, 'exit')
  const told: { readonly name: SchedulerEventName; readonly event: unknown; readonly at: number }[] = []
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>()
  let lastId = 0

  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: Told) => {
      if (message.kind === 'ready') resolve()
      else if (message.kind === 'event') told.push({ ...message, at: Date.now() })
      else {
        const call = waiting.get(message.id)
        waiting.delete(message.id)
        if (message.kind === 'answer') call?.resolve(message.answer)
        else call?.reject(new Error(`Worker ${plan.name}: ${message.message}`))
      }
    })
    child.on('exit', (code, by) => {
      const error = new Error(`Worker ${plan.name} ended: ${by ?? code}.`)
      reject(error)
      for (const call of waiting.values()) call.reject(error)
      waiting.clear()
    })
  })
  ready.catch(() => undefined)
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null

  return {
    name: plan.name,
    pid,
    get isAlive() {
      return isAlive()
    },
    ready,
    ask: (ask) =>
      new Promise((resolve, reject) => {
        const id = ++lastId
        waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject })
        child.send({ id, ask })
      }),
    events: (name) => told.filter((one) => one.name === name).map(({ event }) => event as never),
    eventTimes: (name) => told.filter((one) => one.name === name).map(({ at }) => at),
    async kill() {
      signal(pid, 'SIGKILL')
      if (isAlive()) await ended
    },
    freeze: () => signal(pid, 'SIGSTOP'),
    thaw: () => signal(pid, 'SIGCONT'),
    async stop() {
      signal(pid, 'SIGCONT')
      signal(pid, 'SIGTERM')
      if (isAlive()) await ended
      return child.exitCode
    },
  }
}
