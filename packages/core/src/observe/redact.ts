/** Masks parts of a JSON value before it is shown. */

/** What stands in place of a masked value. */
export const REDACTED = '[redacted]'

/**
 * A copy of `value` with the values at `paths` masked; what no path touches is shared with the original, which stays as it is.
 * A path is made of keys and dots (`'token'`, `'user.email'`); `*` is every key or item (`'items.*.secret'`). A key that meets
 * an array is looked for in each of its items: where a path is unclear, more is masked rather than less.
 */
export function redact(value: unknown, paths: readonly string[]): unknown {
  return paths.reduce((masked, path) => mask(masked, path.split('.'), 0), value)
}

function mask(value: unknown, path: readonly string[], depth: number): unknown {
  const key = path[depth]
  if (key === undefined) return REDACTED
  if (Array.isArray(value)) return maskItems(value, key, path, depth)
  if (typeof value !== 'object' || value === null) return value
  const keys = key === '*' ? Object.keys(value) : Object.hasOwn(value, key) ? [key] : []
  if (keys.length === 0) return value
  // Spread keeps an own __proto__ key an ordinary one, and so does writing to it.
  const copy = { ...value } as Record<string, unknown>
  for (const name of keys) copy[name] = mask(copy[name], path, depth + 1)
  return copy
}

function maskItems(items: readonly unknown[], key: string, path: readonly string[], depth: number): unknown {
  if (key === '*') return items.map((item) => mask(item, path, depth + 1))
  if (/^\d+$/.test(key)) return items.map((item, index) => (index === Number(key) ? mask(item, path, depth + 1) : item))
  return items.map((item) => mask(item, path, depth))
}
