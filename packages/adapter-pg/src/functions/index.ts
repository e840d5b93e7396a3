/** Every function of the schema. Those named after a verb of the contract, or of `commitWith`, are public; the others are called by these. */
import type { SchemaFunctions } from '../schema/schema-parts.ts'
import { addStretch } from './add-stretch.ts'
import { attemptRecord, historyAttempts, keepAttempts } from './attempt-record.ts'
import { changeGates, releaseGates, handOn } from './change-gates.ts'
import { changeSchedule } from './change-schedule.ts'
import { openClaim, jobsWithoutDue, claimAtOnce } from './claim-at-once.ts'
import { claimFence } from './claim-fence.ts'
import { commitsBegin } from './commits-begin.ts'
import { commitsSettle } from './commits-settle.ts'
import { debounceRequest } from './debounce-request.ts'
import { defineJob } from './define-job.ts'
import { drainTriggerLog } from './drain-trigger-log.ts'
import { claimLine } from './claim-line.ts'
import { hasDue } from './has-due.ts'
import { dueSuspect } from './due-suspect.ts'
import { endRuns } from './end-runs.ts'
import { endStanding } from './end-standing.ts'
import { enqueueRequests } from './enqueue-requests.ts'
import { enqueueSpecial } from './enqueue-special.ts'
import { ensureGates } from './ensure-gates.ts'
import { excessRuns } from './excess-runs.ts'
import { excessSkips } from './excess-skips.ts'
import { fireBesideOthers } from './fire-beside-others.ts'
import { gatherHints } from './gather-hints.ts'
import { giveBack } from './give-back.ts'
import { joinJob } from './join-job.ts'
import { keyOfSchedule } from './key-of-schedule.ts'
import { leasesAcquire } from './leases-acquire.ts'
import { leasesAcquireOne } from './leases-acquire-one.ts'
import { leasesRelease } from './leases-release.ts'
import { leasesReleaseOne } from './leases-release-one.ts'
import { leasesRenew } from './leases-renew.ts'
import { leasesWithdraw } from './leases-withdraw.ts'
import { lockDefinitions, lockDefinitionsShared } from './lock-definitions.ts'
import { lockFollowers } from './lock-followers.ts'
import { lockKeys } from './lock-keys.ts'
import { lockRuns } from './lock-runs.ts'
import { moveGates } from './move-gates.ts'
import { nextLeaseEnd } from './next-lease-end.ts'
import { obtainJobs } from './obtain-jobs.ts'
import { promote } from './promote.ts'
import { pruneRecords } from './prune-records.ts'
import { rateRoom, spendRate } from './rate-room.ts'
import { recordSkips } from './record-skip.ts'
import { renameJob } from './rename-job.ts'
import { renamedGates } from './renamed-gates.ts'
import { runRow, historyRow } from './run-row.ts'
import { runsCancel } from './runs-cancel.ts'
import { runsClaim } from './runs-claim.ts'
import { runsClaimOne } from './runs-claim-one.ts'
import { runsEnqueue } from './runs-enqueue.ts'
import { runsEnqueueOne } from './runs-enqueue-one.ts'
import { runsFind } from './runs-find.ts'
import { runsGates } from './runs-gates.ts'
import { runsGet } from './runs-get.ts'
import { runsHeld } from './runs-held.ts'
import { runsLeave } from './runs-leave.ts'
import { runsPrune } from './runs-prune.ts'
import { runsReleaseGates } from './runs-release-gates.ts'
import { runsRenew } from './runs-renew.ts'
import { runsSettle } from './runs-settle.ts'
import { runsStats } from './runs-stats.ts'
import { scheduleJson } from './schedule-json.ts'
import { schedulesCountSkips } from './schedules-count-skips.ts'
import { schedulesDue } from './schedules-due.ts'
import { schedulesFire } from './schedules-fire.ts'
import { schedulesGet } from './schedules-get.ts'
import { schedulesLedger } from './schedules-ledger.ts'
import { schedulesList } from './schedules-list.ts'
import { schedulesLoad } from './schedules-load.ts'
import { schedulesQuarantine } from './schedules-quarantine.ts'
import { schedulesRegister } from './schedules-register.ts'
import { schedulesRemove } from './schedules-remove.ts'
import { schedulesRetire } from './schedules-retire.ts'
import { schedulesSet } from './schedules-set.ts'
import { schedulesSuspend } from './schedules-suspend.ts'
import { setLimits } from './set-limits.ts'
import { settledHints } from './settled-hints.ts'
import { storeNow } from './store-now.ts'
import { stretchesAfter } from './stretches-after.ts'
import { sweepLeases } from './sweep-leases.ts'
import { takeOverExpired } from './take-over-expired.ts'
import { takeRuns } from './take-runs.ts'
import { tickFor } from './tick-for.ts'
import { tidyGates } from './tidy-gates.ts'
import { tidyRest } from './tidy-rest.ts'
import { trimHistory } from './trim-history.ts'
import { tryLockKey } from './try-lock-key.ts'
import { writeSchedule } from './write-schedule.ts'
import { writeStatics } from './write-statics.ts'
import { admitRefreshers } from './admit-refreshers.ts'
import { appendMarks } from './append-marks.ts'
import { backfillsControl } from './backfills-control.ts'
import { backfillsCreate } from './backfills-create.ts'
import { backfillsFind } from './backfills-find.ts'
import { backfillsGet } from './backfills-get.ts'
import { backfillsStamp } from './backfills-stamp.ts'
import { commitsOpen } from './commits-open.ts'
import { commitsRefresh } from './commits-refresh.ts'
import { countStamps } from './count-stamps.ts'
import { expireWindows } from './expire-windows.ts'
import { forgetPlain } from './forget-plain.ts'
import { holdRuns } from './hold-runs.ts'
import { lockTakenWindows } from './lock-taken-windows.ts'
import { moveWatermark } from './move-watermark.ts'
import { recordRefreshes } from './record-refreshes.ts'
import { setAsideMarks } from './set-aside-marks.ts'
import { shortenLimits } from './shorten-limits.ts'
import { touchSources } from './touch-sources.ts'
import { windowsClaim } from './windows-claim.ts'
import { windowsCollect } from './windows-collect.ts'
import { windowsCommit } from './windows-commit.ts'
import { windowsDefine } from './windows-define.ts'
import { windowsDrain } from './windows-drain.ts'
import { windowsFail } from './windows-fail.ts'
import { windowsForget } from './windows-forget.ts'
import { windowsList } from './windows-list.ts'
import { windowsMark } from './windows-mark.ts'
import { windowsPass } from './windows-pass.ts'
import { windowsOfRun } from './windows-of-run.ts'
import { windowsState } from './windows-state.ts'

export const functions: SchemaFunctions = {
  public: [
    schedulesCountSkips,
    schedulesDue,
    schedulesFire,
    schedulesGet,
    schedulesLedger,
    schedulesList,
    schedulesLoad,
    schedulesQuarantine,
    schedulesRegister,
    schedulesRemove,
    schedulesRetire,
    schedulesSet,
    schedulesSuspend,
    runsCancel,
    runsClaim,
    runsClaimOne,
    runsEnqueue,
    runsEnqueueOne,
    runsFind,
    runsGates,
    runsGet,
    runsHeld,
    runsLeave,
    runsPrune,
    runsReleaseGates,
    runsRenew,
    runsSettle,
    runsStats,
    leasesAcquire,
    leasesAcquireOne,
    leasesRelease,
    leasesReleaseOne,
    leasesRenew,
    leasesWithdraw,
    commitsBegin,
    commitsSettle,
    windowsDefine,
    windowsForget,
    windowsMark,
    windowsCollect,
    windowsDrain,
    windowsClaim,
    windowsCommit,
    windowsFail,
    windowsPass,
    windowsState,
    windowsList,
    backfillsCreate,
    backfillsStamp,
    backfillsControl,
    backfillsGet,
    backfillsFind,
    commitsOpen,
    commitsRefresh,
  ],
  internal: [
    addStretch,
    attemptRecord,
    keepAttempts,
    historyAttempts,
    changeGates,
    releaseGates,
    handOn,
    changeSchedule,
    openClaim,
    jobsWithoutDue,
    claimAtOnce,
    claimFence,
    debounceRequest,
    defineJob,
    drainTriggerLog,
    claimLine,
    hasDue,
    dueSuspect,
    endRuns,
    endStanding,
    enqueueRequests,
    enqueueSpecial,
    ensureGates,
    excessRuns,
    excessSkips,
    fireBesideOthers,
    gatherHints,
    giveBack,
    joinJob,
    keyOfSchedule,
    lockDefinitions,
    lockDefinitionsShared,
    lockFollowers,
    lockKeys,
    lockRuns,
    moveGates,
    nextLeaseEnd,
    obtainJobs,
    promote,
    pruneRecords,
    rateRoom,
    spendRate,
    recordSkips,
    renameJob,
    renamedGates,
    runRow,
    historyRow,
    scheduleJson,
    setLimits,
    settledHints,
    storeNow,
    stretchesAfter,
    sweepLeases,
    takeOverExpired,
    takeRuns,
    tickFor,
    tidyGates,
    tidyRest,
    trimHistory,
    tryLockKey,
    writeSchedule,
    writeStatics,
    admitRefreshers,
    appendMarks,
    countStamps,
    expireWindows,
    forgetPlain,
    holdRuns,
    lockTakenWindows,
    moveWatermark,
    recordRefreshes,
    setAsideMarks,
    shortenLimits,
    touchSources,
    windowsOfRun,
  ],
}
