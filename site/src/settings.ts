/** What differs from one building of the site to the next, and where things lie. */
import { join } from 'node:path'
import { readManifest, ROOT } from '../../scripts/workspace.ts'

/** The pages, as people read them in the repository. */
export const DOCS_DIR: string = join(ROOT, 'docs')

/** The generated API reference. It is not checked in. */
export const API_DIR: string = join(DOCS_DIR, 'api')

/** The built site. */
export const SITE_DIR: string = join(ROOT, 'site', 'dist')

/** What every address of the site begins with: `QJ_DOCS_BASE`, such as `/quarterjack/`. Default `/`. */
export const BASE: string = `/${(process.env.QJ_DOCS_BASE ?? '').replace(/^\/+|\/+$/g, '')}/`.replace('//', '/')

/** The version that the site says it is about: `QJ_DOCS_VERSION`. Default: that of the packages. */
export const VERSION: string = process.env.QJ_DOCS_VERSION ?? readManifest(join(ROOT, 'packages', 'core')).version

/** What the repository's files are linked at: `QJ_DOCS_REF`, a branch, a tag or a commit. Default `main`. */
export const REF: string = process.env.QJ_DOCS_REF ?? 'main'

/** The repository, as `package.json` of core names it: `https://…`, without `.git`. */
export const REPOSITORY: string = (readManifest(join(ROOT, 'packages', 'core')).repository?.url ?? '')
  .replace(/^git\+/, '')
  .replace(/\.git$/, '')
