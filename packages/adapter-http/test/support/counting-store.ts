/** A store that counts what it is asked. */
import { memoryStore } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'

/** The memory store, and the verbs that were called since `calls` was last emptied, as `part.verb`. */
export function countingStore(options: Parameters<typeof memoryStore>[0] = {}): { readonly store: Store; readonly calls: string[] } {
  const inner = memoryStore(options)
  const calls: string[] = []
  const counted = <T extends object>(part: T, name: string): T =>
    new Proxy(part, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver)
        if (typeof value === 'object' && value !== null) return counted(value, `${name}${String(key)}.`)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          calls.push(`${name}${String(key)}`)
          return Reflect.apply(value, target, args)
        }
      },
    })
  return { store: counted({ ...inner }, ''), calls }
}
