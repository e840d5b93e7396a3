/** How much the tests of this run may take. */

/** More than a test of every day may take. */
export const isFull: boolean = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'

/** What a test may take, however slow the machine: much of it is waiting for leases to end. */
export const MOST_MS: number = isFull ? 600_000 : 120_000
