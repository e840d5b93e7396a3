/** What a tarball promises and what it holds: `exports` ⇄ files, nothing of the workspace, notices for what is bundled. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../findings.ts'
import { SOURCE_CONDITION } from '../workspace.ts'
import type { Tarball } from './pack.ts'

type Exports = Readonly<Record<string, string | Readonly<Record<string, string>>>>

const NOTICES = 'THIRD-PARTY-NOTICES.md'

/** Everything wrong with what is inside. */
export function findContentFaults(tarball: Tarball): readonly Finding[] {
  const file = join(tarball.package.dir, 'package.json')
  const error = (message: string): Finding => ({ rule: 'contents', severity: 'error', file, line: 0, message })
  const exports = tarball.manifest.exports ?? {}
  const targets = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
  const strangers = tarball.files.filter(
    (path) => !/^(?:dist\/.+\.(?:js|d\.ts)|package\.json|README\.md|LICENSE|THIRD-PARTY-NOTICES\.md)$/.test(path),
  )
  return [
    ...targets
      .filter((target) => !tarball.files.includes(target.replace(/^\.\//, '')))
      .map((target) => error(`exports names ${target}, which the tarball does not hold.`)),
    ...strangers.map((path) => error(`The tarball holds ${path}.`)),
    ...['README.md', 'LICENSE'].filter((path) => !tarball.files.includes(path)).map((path) => error(`The tarball has no ${path}.`)),
    ...(JSON.stringify(tarball.manifest).includes(SOURCE_CONDITION) ? [error(`${SOURCE_CONDITION} would be published.`)] : []),
    ...(JSON.stringify(exports) === JSON.stringify(withoutSources(tarball.package.manifest.exports ?? {}))
      ? []
      : [error('publishConfig.exports is not exports without its sources.')]),
    ...findUnnamedBundled(tarball).map((name) => error(`${name} is bundled, but ${NOTICES} does not name it.`)),
  ]
}

function withoutSources(exports: Exports): Exports {
  const strip = (target: Exports[string]): Exports[string] =>
    typeof target === 'string' ? target : Object.fromEntries(Object.entries(target).filter(([condition]) => condition !== SOURCE_CONDITION))
  return Object.fromEntries(Object.entries(exports).map(([subpath, target]) => [subpath, strip(target)]))
}

/** esbuild heads each bundled module with its path: `// ../../node_modules/.pnpm/zod@4/node_modules/zod/v4/core/util.js`. */
function findUnnamedBundled(tarball: Tarball): readonly string[] {
  const modules = tarball.files.filter((path) => path.endsWith('.js')).map((path) => readFileSync(join(tarball.package.dir, path), 'utf8'))
  const bundled = modules.flatMap((text) =>
    [...text.matchAll(/^\/\/ .*\/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm)].map((match) => match[1] ?? ''),
  )
  const notices = join(tarball.package.dir, NOTICES)
  const text = existsSync(notices) ? readFileSync(notices, 'utf8') : ''
  return [...new Set(bundled)].filter((name) => !text.includes(`## ${name}`))
}
