/** A prefix of which parts are deleted, under processes that may die over mending it; on a clock that is moved. */
import { createHash } from 'node:crypto'
import type { EnqueueRequest, JobStats, RenewReply, RunRecord } from '@quarterjack/core/store'
import { resolveRedisStoreOptions } from '../../src/options.ts'
import { assembleRedisStore, type RedisStore } from '../../src/redis-store.ts'
import { SERVER_TIME, type VerbScript } from '../../src/scripts/lua-module.ts'
import { createScripts, type Scripts } from '../../src/scripts/scripts.ts'
import type { ConnectedRedis } from '../servers/connected-redis.ts'

export const GATE = 'key:mail/k'

/** The time and what the test added to it, in whole milliseconds under a key of its own, which no damage reaches. */
const movedTime = (key: string) => `(${SERVER_TIME} + (tonumber(redis.call('GET', '${key}')) or 0))`

/** What a process does as the owner that has its name. */
export interface Process {
  readonly store: RedisStore
  renew(): Promise<RenewReply>
  claim(): Promise<readonly RunRecord[]>
  settle(run: RunRecord | undefined): Promise<string | undefined>
}

export interface DamagedSite {
  readonly prefix: string
  /** Another process, with scripts that may be others, and a lease of its own. */
  start(owner: string, leaseMs: number, change?: (scripts: Scripts) => Partial<Scripts>): Process
  remove(...names: readonly string[]): Promise<void>
  removeRuns(...ids: readonly string[]): Promise<void>
  pass(ms: number): Promise<void>
  enqueue(...requests: readonly EnqueueRequest[]): Promise<readonly string[]>
  stats(): Promise<JobStats>
  gates(): Promise<readonly { readonly gate: string; readonly held: number; readonly holders: number }[]>
  meta(field: string): Promise<string | null>
}

/** A trigger of the job that all processes know. */
export function trigger(id: string, more: Partial<EnqueueRequest> = {}): EnqueueRequest {
  const plain = { key: 'k', trigger: 'manual', payload: null, triggers: 1, priority: 0, delayMs: 0 } as const
  return { id, job: 'mail', ...plain, overlap: 'allow', skipWhenBusy: false, gates: [], ...more }
}

export function createDamagedSite({ client }: ConnectedRedis, prefix: string): DamagedSite {
  const clock = `{${prefix}}:moved-by`
  const scripts = createScripts(movedTime(clock))
  const keyOf = (name: string): string => `{${prefix}}:${name}`

  const start: DamagedSite['start'] = (owner, leaseMs, change) => {
    const options = resolveRedisStoreOptions({ client, prefix, hints: false })
    const store = assembleRedisStore(options, { ...scripts, ...change?.(scripts) })
    return {
      store,
      renew: () => store.runs.renew({ owner, leaseMs, jobs: [{ job: 'mail', hash: 'h' }], started: [], progress: [] }),
      async claim() {
        const { runs } = await store.runs.claim({ owner, leaseMs, limit: 1_000, start: 0, seenFence: 0 })
        return runs.map(({ record }) => record)
      },
      async settle(run) {
        if (run === undefined) throw new Error('nothing was claimed')
        const success = { outcome: 'succeeded', startedAt: run.runAt, error: null, then: { to: 'succeeded', result: null } } as const
        const { replies } = await store.runs.settle({ owner, settlements: [{ runId: run.id, fence: run.fence, ...success }] })
        return replies[0]?.status
      },
    }
  }

  const { store } = start('', 0)
  return {
    prefix,
    start,
    async remove(...names) {
      for (const name of names) await client.del(keyOf(name))
    },
    removeRuns: async (...ids) => void (await client.hDel(keyOf('runs'), [...ids])),
    pass: async (ms) => void (await client.incrBy(clock, ms)),
    enqueue: async (...requests) => (await store.runs.enqueue({ requests })).replies.map(({ outcome }) => outcome),
    stats: async () => (await store.runs.stats({ jobs: ['mail'] })).jobs[0] as JobStats,
    gates: async () => (await store.runs.gates({})).gates.filter(({ held }) => held !== 0),
    meta: (field) => client.hGet(keyOf('meta'), field),
  }
}

/** A process that dies when it comes to this script, or to one step of it. */
export function dyingAt(script: VerbScript, step?: string): VerbScript {
  const isThere = step === undefined ? 'true' : `cjson.decode(ARGV[1]).step == '${step}'`
  return changed(script, `if ${isThere} then error('the process died') end\n${script.source}`)
}

/** The script under another text. */
export function changed(script: VerbScript, source: string): VerbScript {
  return { ...script, source, sha: createHash('sha1').update(source).digest('hex') }
}
