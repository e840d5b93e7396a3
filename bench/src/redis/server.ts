/** The private Redis of one contender and one round: empty at its start, gone at its end. */
// shape-allow package-wall: the adapter's tests know how to start private servers.
import { type RedisServer, startRedis } from '../../../packages/adapter-redis/test/servers/redis.ts'
import type { Sample } from '../figure.ts'
import { type Choices, type Contender, inOwnProcess } from '../scenario.ts'

type RunScript = (script: string, args: readonly string[]) => Promise<Sample>

/** For the rows of the report: figures of one are not to be compared with those of the other. */
export function persistenceOf({ aof }: Choices): string {
  return aof ? 'Redis with AOF, fsync every second' : 'Redis without persistence'
}

/** Says what the servers of a scenario are. */
export async function printServer(choices: Choices): Promise<void> {
  await using server = await startServer(choices)
  const version = /redis_version:(\S+)/.exec(String(await server.ask('INFO', 'server')))?.[1] ?? server.version
  const settings: string[] = []
  for (const name of ['save', 'appendonly', ...(choices.aof ? ['appendfsync'] : []), 'hz', 'io-threads', 'maxmemory-policy']) {
    const answer = await server.ask('CONFIG', 'GET', name)
    const value = Array.isArray(answer) ? String(answer[1]) : ''
    settings.push(`${name} ${value === '' ? '""' : value}`)
  }
  console.log(`  Redis of its own on loopback, a fresh one per contender and round: ${version}, ${settings.join(', ')}`)
}

/** What `measure` of a contender does: a script gets `[…args, url of a fresh server]`. */
export function onFreshServer(choices: Choices, script: string, args: (quick: boolean) => readonly string[]): Contender['measure'] {
  return (quick) => withServer(choices, (run) => run(script, args(quick)))
}

/** The same for several scripts, one after the other on one server. */
export async function withServer(choices: Choices, work: (run: RunScript) => Promise<Sample>): Promise<Sample> {
  await using server = await startServer(choices)
  // That nothing is kept on disk is wanted here.
  const flags = ['--disable-warning=QUARTERJACK_REDIS_PERSISTENCE']
  return await work((script, args) => inOwnProcess(script, [...args, server.url], flags))
}

function startServer({ aof }: Choices): Promise<RedisServer> {
  return startRedis(aof ? { appendOnly: true, config: ['appendfsync everysec'] } : {})
}
