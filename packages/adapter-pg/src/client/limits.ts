/** How long a seam waits. Above what core grants a call: core gives up first, the seam frees what is stuck. */

/** For a connection of the pool to become free. A call that waited longer is not made any more: nobody awaits it. */
export const LONGEST_WAIT_FOR_CONNECTION_MS = 10_000

/** The same for a pool that is taken, before an ordinary call goes out on a connection of our own. */
export const PATIENCE_WITH_POOL_MS = 250

/** For an answer. A connection that owes one for longer is taken for dead and closed. */
export const LONGEST_CALL_MS = 15_000

/** For one step of a transaction of ours: of a migration, which may have much to rewrite. */
export const LONGEST_STEP_MS = 600_000

/** Without use, before a connection of our own is closed. */
export const IDLE_MS = 30_000
