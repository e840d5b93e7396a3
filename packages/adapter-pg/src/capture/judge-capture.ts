/** What is wrong with a capture, and what it cannot see. Pure. */
import { CAPTURE_VERSION, EVENTS } from './capture-sql.ts'
import type { Branch, CaptureFacts } from './read-capture.ts'

/** One finding, of the shape of a line of `doctor`. */
export interface CaptureCheck {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; `null` when nothing need be done. */
  readonly remedy: string | null
}

/** How many tables a message names. */
const NAMED = 3

/** `fail`: changes get lost now. `warn`: some kinds of changes are not seen, or cost more than they need. */
export function judgeCapture(source: string, time: string, facts: CaptureFacts): readonly CaptureCheck[] {
  if (facts.table === null) return [fail('source', `there is no table ${source}`, 'Name it as name or schema.name, or create it first.')]
  return [
    ...checkLog(facts),
    checkTriggers(source, facts),
    ...checkHistory(source, facts),
    ...checkSession(facts),
    ...checkReplication(source, facts),
    checkIndex(source, time, facts),
    ...checkBranches(source, facts),
  ]
}

/** Those that concern whoever has just installed the triggers. */
export function adviceOf(source: string, time: string, facts: CaptureFacts): readonly CaptureCheck[] {
  return judgeCapture(source, time, facts).filter(({ status }) => status !== 'ok')
}

function checkLog({ hasLog }: CaptureFacts): readonly CaptureCheck[] {
  return hasLog ? [] : [fail('log', 'the store has no log of marks there', 'Open the store once, and give its schema.')]
}

function checkTriggers(source: string, { note, triggers }: CaptureFacts): CaptureCheck {
  const again = 'Call captureChanges again: it replaces them, and marks what was missed.'
  if (note === null) return fail('triggers', `${source} is not captured`, 'Call captureChanges.')
  const missing = EVENTS.filter((event) => triggers[event] === undefined)
  if (missing.length > 0) return fail('triggers', `${source} has no trigger for ${missing.join(', ')}`, again)
  const disabled = EVENTS.filter((event) => triggers[event] === false)
  if (disabled.length > 0) return fail('triggers', `the trigger of ${source} for ${disabled.join(', ')} is disabled`, again)
  if (note.version !== CAPTURE_VERSION) {
    return warn('triggers', `those of ${source} have version ${String(note.version)}, and ${CAPTURE_VERSION} is known here`, again)
  }
  return ok('triggers', `${source} is captured`)
}

function checkHistory(source: string, { note }: CaptureFacts): readonly CaptureCheck[] {
  if (note === null || note.history === true) return []
  return [warn('history', `what ${source} held when it was captured was not marked yet`, 'Call captureChanges again.')]
}

function checkSession({ replicationRole, silentRoles }: CaptureFacts): readonly CaptureCheck[] {
  const remedy = 'Writers need session_replication_role = origin. Mark what was written without, with scheduler.mark.'
  return [
    ...(replicationRole === 'replica' ? [fail('session', 'session_replication_role is replica here: no trigger fires', remedy)] : []),
    ...(silentRoles.length > 0 ? [warn('session', `sessions of ${some(silentRoles)} begin without triggers`, remedy)] : []),
  ]
}

function checkReplication(source: string, { isReplicated }: CaptureFacts): readonly CaptureCheck[] {
  if (!isReplicated) return []
  return [
    warn(
      'replication',
      `logical replication writes to ${source}, and fires no triggers of statements`,
      'Give its rollups a lookback, or mark what arrives with scheduler.mark.',
    ),
  ]
}

function checkIndex(source: string, time: string, { hasIndex, branches }: CaptureFacts): CaptureCheck {
  const lacking = branches.filter((branch) => !branch.hasIndex && !branch.isForeign)
  const isIndexed = hasIndex || (branches.length > 0 && lacking.length === 0)
  if (isIndexed) return ok('index', `${source} has an index on ${time}`)
  const where = branches.length === 0 || lacking.length === branches.length ? source : named(lacking)
  return warn(
    'index',
    `no index of ${where} begins with ${time}: each refresh reads the whole table`,
    `create index concurrently on ${source} (${time}); where windows are days, "using brin" is smaller and does as well.`,
  )
}

function checkBranches(source: string, { table, note, branches }: CaptureFacts): readonly CaptureCheck[] {
  if (branches.length === 0) return []
  const isRoot = table?.kind === 'p'
  const foreign = branches.filter(({ isForeign }) => isForeign)
  const bare = branches.filter(({ isForeign, triggers }) => !isForeign && triggers < EVENTS.length)
  return [
    ...(bare.length === 0
      ? []
      : [
          note?.leaves === true
            ? fail('partitions', `${named(bare)} came later and has no triggers`, 'Call captureChanges again after you create partitions.')
            : warn(
                'partitions',
                `statements that name ${named(bare)} instead of ${source} are not seen`,
                `Write to ${source}, or capture with leaves: true.`,
              ),
        ]),
    ...(foreign.length === 0
      ? []
      : [
          warn(
            'foreign',
            `${named(foreign)} is a foreign table: what others change there is not seen`,
            'Give its rollups a lookback, or mark changes with scheduler.mark.',
          ),
        ]),
    ...(isRoot
      ? [
          warn(
            'detach',
            `DROP and DETACH of a partition of ${source} fire no trigger`,
            'If its figures are to go, too, mark its range with scheduler.mark; if they are to stay, nothing need be done.',
          ),
        ]
      : []),
  ]
}

function named(branches: readonly Branch[]): string {
  return some(branches.map(({ name }) => name))
}

function some(names: readonly string[]): string {
  const more = names.length - NAMED
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function ok(name: string, detail: string): CaptureCheck {
  return { name, status: 'ok', detail, remedy: null }
}

function warn(name: string, detail: string, remedy: string): CaptureCheck {
  return { name, status: 'warn', detail, remedy }
}

function fail(name: string, detail: string, remedy: string): CaptureCheck {
  return { name, status: 'fail', detail, remedy }
}
