/** Builds the site: the API reference, then all pages, then a look at every link of what came out. */
import { join } from 'node:path'
import { build } from 'vitepress'
import { conclude } from '../../scripts/findings.ts'
import { ROOT } from '../../scripts/workspace.ts'
import { findDeadHrefs } from './dead-hrefs.ts'
import { generateApi } from './generate-api.ts'
import { BASE, SITE_DIR } from './settings.ts'

const exported = await generateApi()
await build(join(ROOT, 'site'))
const { findings, pages, hrefs } = findDeadHrefs(SITE_DIR, BASE)
conclude(findings, `${pages} pages, ${exported} exports, ${hrefs} links`)
