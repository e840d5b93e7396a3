/** Stops the scheduler on SIGTERM and SIGINT; the second signal exits at once. */

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Returns a function that gives the signals back. */
export function handleSignals(stop: (signal: string) => Promise<unknown>): () => void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143)
    stopping = true
    void stop(signal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}
