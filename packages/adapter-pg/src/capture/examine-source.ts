/** How a rollup learns of changes in its source, and what reading it costs: `captureDoctor`, of a rollup that may have no triggers. */
import type { Connection } from '../client/sql-client.ts'
import type { CaptureId } from './capture-sql.ts'
import { checkReaders } from './check-readers.ts'
import { checkStrays } from './check-strays.ts'
import { type CaptureCheck, judgeCapture } from './judge-capture.ts'
import { type CaptureFacts, readCapture } from './read-capture.ts'

/** `isComplete`: the rollup is promised a mark of each change. Of a view, nothing is known. Tables that no rollup reads are named as well. */
export async function examineSource(connection: Connection, id: CaptureId, isComplete: boolean): Promise<readonly CaptureCheck[]> {
  const facts = await readCapture(connection, id)
  const strays = facts.hasLog ? await checkStrays(connection, id.schema, id.source) : []
  return [...(await examineTable(connection, id, { facts, isComplete })), ...strays]
}

async function examineTable(
  connection: Connection,
  id: CaptureId,
  { facts, isComplete }: { readonly facts: CaptureFacts; readonly isComplete: boolean },
): Promise<readonly CaptureCheck[]> {
  const { table, note } = facts
  if (table !== null && table.kind !== 'r' && table.kind !== 'p') return []
  const checks = judgeCapture(id.source, id.time, facts)
  if (table === null || note !== null) return [...checks, ...(await checkReaders(connection, id, facts))]
  // It is marked by hand, or looked back at: there are no triggers to look at.
  return [...checks.filter(({ name }) => name === 'index'), ...(isComplete ? [notCaptured(id)] : [])]
}

function notCaptured({ source }: CaptureId): CaptureCheck {
  return {
    name: 'triggers',
    status: 'warn',
    detail: `${source} is not captured, and capture: 'complete' promises that each change is marked`,
    remedy: 'Call captureChanges, or see to it that whatever writes there calls scheduler.mark.',
  }
}
