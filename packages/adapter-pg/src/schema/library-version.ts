/** Which version of the package this is. */
import { createRequire } from 'node:module'

/** From the package's own manifest; `unknown` inside an app that was bundled without it. */
export function libraryVersion(): string {
  try {
    const manifest: unknown = createRequire(import.meta.url)('@quarterjack/adapter-pg/package.json')
    return (manifest as { readonly version: string }).version
  } catch {
    return 'unknown'
  }
}
