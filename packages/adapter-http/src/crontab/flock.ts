/** `flock` before a command: the lock that keeps it from running beside itself. */
import { plain } from './template.ts'

/** What is done while the lock is taken, and how many words `flock` and its own take; or what is in the way. */
export type FlockReading =
  | { readonly overlap: 'skip' | 'queue'; readonly lock: string; readonly words: number; readonly notes: readonly string[] }
  | { readonly problem: string }

const NONBLOCKING = new Set(['-n', '--nb', '--nonblock', '--nonblocking'])
const WITHOUT_MEANING = new Set(['-x', '-e', '--exclusive', '-o', '--close', '-F', '--no-fork', '--verbose'])
const WAITS = new Set(['-w', '--wait', '--timeout'])
const EXIT_CODE = new Set(['-E', '--conflict-exit-code'])

/** `words` begin with `flock`. Never throws. */
export function readFlock(words: readonly string[]): FlockReading {
  const notes: string[] = []
  let overlap: 'skip' | 'queue' = 'queue'
  let at = 1
  for (; words[at]?.startsWith('-'); at++) {
    const [flag = '', value] = (words[at] ?? '').split('=', 2)
    if (NONBLOCKING.has(flag)) overlap = 'skip'
    else if (WAITS.has(flag)) {
      if (value === undefined) at++
      notes.push('It waited for its lock for a while; here its run waits its turn, however long that is.')
    } else if (EXIT_CODE.has(flag)) {
      if (value === undefined) at++
    } else if (!WITHOUT_MEANING.has(flag))
      return { problem: `flock ${plain(flag).slice(0, 20)} is not understood. Take flock off the line` }
  }
  const lock = words[at]
  if (lock === undefined) return { problem: 'flock lacks its file' }
  if (words[at + 1] === '-c' || words[at + 1] === '--command') {
    return { problem: 'flock runs a shell (-c). Write the command itself behind its file' }
  }
  return { overlap, lock: plain(lock), words: at + 1, notes }
}
