/** Bounds how often one client may fail to be authorised: guessing must be slow. */

/** The failures of one client within the window that is open. */
interface Window {
  readonly endsAt: number
  failures: number
}

export interface FailureLimit {
  /** Milliseconds until this client is heard again; 0 when it is heard. */
  blockedMs(client: string): number
  /** Counts a failure. */
  fail(client: string): void
}

export interface FailureRule {
  readonly max: number
  readonly perMs: number
  readonly monotonic: () => number
}

/** Clients that are remembered; of more, the oldest is forgotten. */
const MOST_CLIENTS = 10_000

export function createFailureLimit({ max, perMs, monotonic }: FailureRule): FailureLimit {
  const windows = new Map<string, Window>()

  const openWindow = (client: string): Window | null => {
    const window = windows.get(client)
    if (window === undefined) return null
    if (window.endsAt > monotonic()) return window
    windows.delete(client)
    return null
  }

  return {
    blockedMs(client) {
      const window = openWindow(client)
      return window !== null && window.failures >= max ? Math.max(1, window.endsAt - monotonic()) : 0
    },
    fail(client) {
      const window = openWindow(client)
      if (window !== null) {
        window.failures++
        return
      }
      if (windows.size >= MOST_CLIENTS) windows.delete(windows.keys().next().value as string)
      windows.set(client, { endsAt: monotonic() + perMs, failures: 1 })
    },
  }
}
