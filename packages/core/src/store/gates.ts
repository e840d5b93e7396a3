/** Names of gates: the counters that bound how many runs execute at once. */

/** A job's concurrency over all processes; its limit is the stored definition's. */
export const jobGate = (job: string): string => `job:${job}`

/** One run of (job, key) at a time; the gate behind every overlap policy but `allow`. */
export const keyGate = (job: string, key: string): string => `key:${job}/${key}`

/** A named mutex; limit 1, shared with `createMutex`. */
export const mutexGate = (name: string): string => `mutex:${name}`
