/** Lua in small modules, put together to one script per verb. */
import { createHash } from 'node:crypto'
import type { Script } from '../client/redis-client.ts'

/** A part of scripts: functions and values that those who need it may use. */
export interface LuaModule {
  readonly name: string
  readonly needs: readonly LuaModule[]
  readonly source: string
}

/** A script and the short names of its keys, in the order of KEYS. */
export interface VerbScript extends Script {
  readonly keys: readonly string[]
}

/** Lua that evaluates to the server's time in ms. Tests bring a clock that they can move. */
export const SERVER_TIME = `(function()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end)()`

/** What it needs comes first, each module once. A script declares each key that its text names as \`KEY.…\`. */
export function buildScript(verb: LuaModule, time: string = SERVER_TIME): VerbScript {
  const modules = new Set<LuaModule>()
  gather(verb, modules)
  const body = [...modules].map(({ name, source }) => `-- ${name}\n${source.trim()}\n`).join('\n')
  const keys = [...new Set([...body.matchAll(/\bKEY\.(\w+)/g)].map(([, key = '']) => key))].sort()
  const table = keys.map((key, index) => `${key} = KEYS[${index + 1}]`).join(', ')
  const source = `local KEY = { ${table} }\n${body.replace('$TIME$', time)}`
  return { name: verb.name, source, sha: createHash('sha1').update(source).digest('hex'), keys }
}

function gather(module: LuaModule, into: Set<LuaModule>): void {
  if (into.has(module)) return
  for (const needed of module.needs) gather(needed, into)
  into.add(module)
}
