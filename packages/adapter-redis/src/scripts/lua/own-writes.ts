/**
 * Each process counts the writes that it made itself, in a field of `meta`: what others write cannot make up for what it lost
 * there. The number is followed by the day (UTC) of the newest, as if it were a fraction: 1204.20422. So a greater one is a later
 * one, and fields of processes that are gone can be told.
 *
 * Lua for scripts that do without the kernel; it takes `own` for the number so far, and `now`.
 */

/**
 * Longer than 64 characters, together with the id of a process: so that Redis keeps `meta` as a table, where a field is found at
 * once, and not as a list of all, through which it would look for each.
 */
export const OWN_WRITES = 'own writes of the process known as '

export const OWN_FIELD: string = `'${OWN_WRITES}' .. ARGV[3]`

export const NEXT_OWN: string = `string.format('%d.%d', own + 1, now / 86400000)`
