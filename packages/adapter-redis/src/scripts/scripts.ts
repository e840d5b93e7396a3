/** The scripts of all verbs, put together once per clock. */
import { buildScript, type LuaModule, type VerbScript } from './lua-module.ts'
import { type VerbName, verbModules } from './verbs/index.ts'

export type Scripts = Readonly<Record<VerbName, VerbScript>>

/** `time` is Lua that evaluates to the server's time in ms; tests bring a clock that they can move. */
export function createScripts(time?: string): Scripts {
  const entries = Object.entries<LuaModule>(verbModules).map(([verb, module]) => [verb, buildScript(module, time)])
  return Object.fromEntries(entries) as Scripts
}
