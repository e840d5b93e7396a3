/** One line on stderr that changes while long work goes on. Nothing at all where nobody watches. */
import { printable, truncate } from './display-width.ts'

/** The progress line of a command. */
export interface Progress {
  /** False when stderr is not a terminal: work done only to show progress can be left out. */
  readonly shown: boolean
  /** Replaces the line. */
  update(text: string): void
  /** Removes the line, so that what is printed next stands clean. */
  clear(): void
}

/** A progress line on `stderr`; silent unless `shown`. */
export function createProgress(stderr: { write(text: string): unknown }, shown: boolean, columns: number): Progress {
  let drawn = false
  return {
    shown,
    update(text) {
      if (!shown) return
      stderr.write(`\r\u001b[2K${truncate(printable(text), columns - 1)}`)
      drawn = true
    },
    clear() {
      if (!drawn) return
      stderr.write('\r\u001b[2K')
      drawn = false
    },
  }
}
