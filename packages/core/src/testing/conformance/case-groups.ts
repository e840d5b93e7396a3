/** Every group of cases, in the order in which a store is best built. */
import type { CaseGroup } from './conformance-case.ts'
import { backfillStampCases } from './cases/backfill-stamps.ts'
import { backfillCases } from './cases/backfills.ts'
import { cancelCases } from './cases/cancel.ts'
import { claimCases } from './cases/claim.ts'
import { contentionCases } from './cases/contention.ts'
import { debounceCases } from './cases/debounce.ts'
import { debouncedRunCases } from './cases/debounced-runs.ts'
import { drainCases } from './cases/drains.ts'
import { dueCases } from './cases/due.ts'
import { dynamicScheduleCases } from './cases/dynamic-schedules.ts'
import { enqueueCases } from './cases/enqueue.ts'
import { fireAndClaimCases } from './cases/fire-and-claim.ts'
import { fireCases } from './cases/fire.ts'
import { gateWaitingCases } from './cases/gate-waiting.ts'
import { gateCases } from './cases/gates.ts'
import { heldGateCases } from './cases/held-gates.ts'
import { hintCases } from './cases/hints.ts'
import { historyCases } from './cases/history.ts'
import { idempotencyKeyCases } from './cases/idempotency-keys.ts'
import { leaseQueueCases } from './cases/lease-queue.ts'
import { leaseCases } from './cases/leases.ts'
import { ledgerCases } from './cases/ledger.ts'
import { lifecycleCases } from './cases/lifecycle.ts'
import { lookAheadCases } from './cases/look-ahead.ts'
import { markCases } from './cases/marks.ts'
import { overlapCases } from './cases/overlap.ts'
import { ownerCases } from './cases/owners.ts'
import { pruneGraceCases } from './cases/prune-grace.ts'
import { pruneLedgerCases } from './cases/prune-ledger.ts'
import { pruneCases } from './cases/prune.ts'
import { quarantineAndRetireCases } from './cases/quarantine-and-retire.ts'
import { refreshTransactionCases } from './cases/refresh-transactions.ts'
import { registrationCases } from './cases/registration.ts'
import { rollupCases } from './cases/rollups.ts'
import { settleCases } from './cases/settle.ts'
import { staticScheduleCases } from './cases/static-schedules.ts'
import { statsCases } from './cases/stats.ts'
import { suspectCases } from './cases/suspects.ts'
import { suspensionCases } from './cases/suspension.ts'
import { tickCases } from './cases/ticks.ts'
import { transactionCases } from './cases/transactions.ts'
import { windowClaimCases } from './cases/window-claims.ts'
import { windowCommitCases } from './cases/window-commits.ts'
import { windowContentionCases } from './cases/window-contention.ts'
import { windowFailureCases } from './cases/window-failures.ts'
import { windowStateCases } from './cases/window-state.ts'

export const CASE_GROUPS: readonly CaseGroup[] = [
  lifecycleCases,
  registrationCases,
  staticScheduleCases,
  dynamicScheduleCases,
  dueCases,
  fireCases,
  lookAheadCases,
  overlapCases,
  suspensionCases,
  quarantineAndRetireCases,
  ledgerCases,
  enqueueCases,
  idempotencyKeyCases,
  debounceCases,
  debouncedRunCases,
  claimCases,
  fireAndClaimCases,
  gateCases,
  gateWaitingCases,
  ownerCases,
  suspectCases,
  settleCases,
  heldGateCases,
  cancelCases,
  historyCases,
  statsCases,
  pruneCases,
  pruneGraceCases,
  pruneLedgerCases,
  leaseCases,
  leaseQueueCases,
  tickCases,
  hintCases,
  transactionCases,
  contentionCases,
  rollupCases,
  markCases,
  drainCases,
  windowClaimCases,
  windowCommitCases,
  windowFailureCases,
  windowStateCases,
  backfillCases,
  backfillStampCases,
  refreshTransactionCases,
  windowContentionCases,
]
