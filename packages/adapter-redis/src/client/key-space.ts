/** Names of keys. The hash tag keeps all keys of a prefix in one slot, where one script can reach them. */

/** `meta` → `{quarterjack}:meta`. */
export function keyOf(prefix: string, name: string): string {
  return `{${prefix}}:${name}`
}
