/** How long a seam waits. */

/** For an answer, from the call on. Above what core grants a call: core gives up first, the seam forgets what is stuck. */
export const LONGEST_CALL_MS = 10_000

/** For a client that reconnects. Below what core grants a call, so that the reason is told and not only the time. */
export const PATIENCE_WITHOUT_CONNECTION_MS = 2_000

/** For a connection of our own to be made and subscribed. */
export const LONGEST_SUBSCRIBE_MS = 10_000

/** A connection that only hears is asked after so long without a message. Longer than processes that renew leave it silent. */
export const HEARTBEAT_EVERY_MS = 45_000

/** For the answer to such a look. */
export const HEARTBEAT_PATIENCE_MS = 5_000
