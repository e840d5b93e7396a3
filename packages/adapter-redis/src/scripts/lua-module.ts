/** Lua in small modules, put together to one script per verb. */
import { createHash } from 'node:crypto'
import type { Script } from '../client/redis-client.ts'

/** A part of scripts: functions and values that those who need it may use. */
export interface LuaModule {
  readonly name: string
  readonly needs: readonly LuaModule[]
  readonly source: string
  /**
   * Of a verb: Lua that comes before everything else, and answers at once what is asked most. What it leaves goes on as if it were
   * not there; so it writes nothing before it is sure.
   */
  readonly shortcut?: string
}

/** A script and the short names of its keys, in the order of KEYS. */
export interface VerbScript extends Script {
  readonly keys: readonly string[]
}

/** Lua that evaluates to the server's time in ms, with a fraction. Tests bring a clock that they can move. */
export const SERVER_TIME = `(function()
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000
end)()`

/**
 * What it needs comes first, each module once; of their functions only those that the verb can reach, since each one costs
 * every call. A script declares each key that its text names as `KEY.…`.
 */
export function buildScript(verb: LuaModule, time: string = SERVER_TIME): VerbScript {
  const modules = new Set<LuaModule>()
  gather(verb, modules)
  const sources = [...modules].map(({ name, source }) => `-- ${name}\n${source.trim()}`)
  const body = [...(verb.shortcut === undefined ? [] : [verb.shortcut.trim()]), ...reachable(sources)].join('\n')
  const keys = [...new Set([...body.matchAll(/\bKEY\.(\w+)/g)].map(([, key = '']) => key))].sort()
  const table = keys.map((key, index) => `${key} = KEYS[${index + 1}]`).join(', ')
  const source = `local KEY = { ${table} }\n${body.replaceAll('$TIME$', time)}\n`
  return { name: verb.name, source, sha: createHash('sha1').update(source).digest('hex'), keys }
}

/** A function of a module: one line that closes it, or all up to a line that does. */
const FUNCTION = /^function fn\.(\w+)\((?:.* end|[\s\S]*?\nend)$/gm

/** The sources without the functions that nothing left names. */
function reachable(sources: readonly string[]): readonly string[] {
  const functions = new Map<string, string>()
  const rest = sources.map((source) =>
    source.replace(FUNCTION, (text, name: string) => {
      functions.set(name, text)
      return `@${name}`
    }),
  )
  const reached = new Set<string>()
  const reach = (text: string): void => {
    for (const [, name = ''] of text.matchAll(/\bfn\.(\w+)/g)) {
      if (reached.has(name)) continue
      reached.add(name)
      reach(functions.get(name) ?? '')
    }
  }
  for (const text of rest) reach(text)
  return rest.map((source) => source.replace(/^@(\w+)$/gm, (_, name: string) => (reached.has(name) ? (functions.get(name) as string) : '')))
}

function gather(module: LuaModule, into: Set<LuaModule>): void {
  if (into.has(module)) return
  for (const needed of module.needs) gather(needed, into)
  into.add(module)
}
