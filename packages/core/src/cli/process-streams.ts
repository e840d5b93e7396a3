/** The process's own streams: flushed before the CLI is done, and quiet when their reader has gone (`| head`). */
import type { CliStream } from './cli-options.ts'

/** Does `work`, then waits until what it wrote to stdout and stderr of the process has left it. */
export async function withProcessStreams<T>(streams: readonly CliStream[], work: () => Promise<T>): Promise<T> {
  const own = [process.stdout, process.stderr].filter((stream) => streams.includes(stream))
  for (const stream of own) stream.on('error', ignoreClosedPipe)
  try {
    return await work()
  } finally {
    // A caller that exits at once must not cut off the end.
    await Promise.all(own.map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))))
    for (const stream of own) stream.off('error', ignoreClosedPipe)
  }
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
