/**
 * Each process counts the writes that it made itself, in a field of `meta` that has its name: what others write cannot make up for
 * what it lost there. The number is followed by the day (UTC) of the newest, as if it were a fraction: 1204.20422. So a greater one
 * is a later one, and fields of processes that are gone can be told.
 *
 * Lua for every script, with or without the kernel: `ownText` is what is in the field, or false.
 */

/** How processes are called begins so, and nothing else in `meta` does. */
export const OWN_WRITES = 'own:'

/** What was written is not there. The text as it was told is what is found most, and need not be read as a number. */
export const IS_OWN_LOST: string = '(ownText ~= ARGV[6] and (ownText or 0) + 0 < ARGV[6] + 0)'

/** Of one more. */
export const NEXT_OWN: string = "format('%d.%d', (ownText or 0) + 1, now / 86400000)"

/**
 * A field whose name is longer than 64 characters lets Redis keep `meta` as a table, where each is found at once, and not as a list
 * of all, in which it would look for each from the beginning.
 */
export const TABLE_FIELD = 'a name so long that all of this is kept as a table and not as a list'
