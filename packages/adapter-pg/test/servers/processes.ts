/** The processes of a server: finding, stopping and ending all of them. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { until } from '@quarterjack/fault-kit/poll'

/** The children of a process. To be complete, the process must be stopped: it can make no more of them then. */
export async function childrenOf(parent: number): Promise<readonly number[]> {
  return (await list()).filter((one) => one.parent === parent).map((one) => one.pid)
}

/** Waits until none of them holds memory any more: a process that was killed goes on for a moment. */
export async function untilEnded(pids: readonly number[]): Promise<void> {
  await until('the end of killed processes', async () => !(await list()).some((one) => pids.includes(one.pid) && !one.isDefunct))
}

interface Listed {
  readonly pid: number
  readonly parent: number
  /** It has ended, and its parent has not asked about that yet. */
  readonly isDefunct: boolean
}

function list(): Promise<readonly Listed[]> {
  return existsSync('/proc/self/stat') ? listByProc() : listByPs()
}

/** Small containers have no ps. */
async function listByProc(): Promise<readonly Listed[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  // pid (name, which may hold anything) state parent …
  return stats.map((stat, index) => {
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { pid: pids[index] ?? 0, parent: Number(parent), isDefunct: stat === '' || state === 'Z' || state === 'X' }
  })
}

async function listByPs(): Promise<readonly Listed[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,state='])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state = 'Z']) => ({ pid: Number(pid), parent: Number(parent), isDefunct: state.startsWith('Z') }))
}
