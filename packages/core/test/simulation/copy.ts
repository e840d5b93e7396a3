/** A deep copy of what goes over a wire: `structuredClone` for plain data, in a fraction of its time. Throws for anything else. */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol') throw new Error(`A ${typeof value} cannot be sent.`)
    return value
  }
  if (Array.isArray(value)) return value.map(copy) as T
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error(`Only plain data can be sent, not a ${value.constructor.name}.`)
  const copied: Record<string, unknown> = {}
  for (const name of Object.keys(value)) copied[name] = copy((value as Record<string, unknown>)[name])
  return copied as T
}
