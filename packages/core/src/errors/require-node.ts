/** Refuses a Node that the library is not made for, before something else fails in a way that nobody understands. */
import { QuarterjackError } from './quarterjack-error.ts'

/** The oldest Node, as `engines` has it. */
export const OLDEST_NODE = '22.12'

/** True for 22.12 and later; `version` as in `process.versions.node`. */
export function isNodeSupported(version: string): boolean {
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number)
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

/** Throws `NodeTooOld`. Other runtimes give the version of the Node that they equal, or none. */
export function requireNode(version: string | undefined = globalThis.process?.versions?.node): void {
  if (version === undefined || isNodeSupported(version)) return
  throw new QuarterjackError(
    'NodeTooOld',
    `Quarterjack needs Node ≥ ${OLDEST_NODE}; this is Node ${version}. Start the service with a newer one; "process.version" tells which one it gets.`,
  )
}
