/** The processes of a server: finding, stopping and ending all of them. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** The children of a process. To be complete, the process must be stopped: it can make no more of them then. */
export async function childrenOf(parent: number): Promise<readonly number[]> {
  return (await (existsSync('/proc/self/stat') ? listByProc() : listByPs())).filter((one) => one.parent === parent).map((one) => one.pid)
}

interface Listed {
  readonly pid: number
  readonly parent: number
}

/** Small containers have no ps. */
async function listByProc(): Promise<readonly Listed[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  // pid (name, which may hold anything) state parent …
  return stats.map((stat, index) => ({ pid: pids[index] ?? 0, parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) }))
}

async function listByPs(): Promise<readonly Listed[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0]) => ({ pid, parent }))
}
