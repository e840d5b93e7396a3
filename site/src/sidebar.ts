/** The navigation of the site: that of `docs/README.md`, and the API reference. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DefaultTheme } from 'vitepress'
import { readNavigation } from '../../scripts/docs/navigation.ts'
import { listPackages } from '../../scripts/workspace.ts'
import { toSiteLink } from './links.ts'
import { API_DIR, DOCS_DIR } from './settings.ts'

/** The groups beside every page. */
export function listSidebar(): DefaultTheme.SidebarItem[] {
  const index = join(DOCS_DIR, 'README.md')
  const groups = readNavigation(readFileSync(index, 'utf8')).map(({ title, items }) => ({
    text: title,
    collapsed: title === 'Decisions',
    items: items.map((item) => ({ text: item.title.replaceAll('`', ''), link: toSiteLink(index, item.target) })),
  }))
  const entries = listPackages().flatMap((found) => found.entries)
  const api = entries.map(({ specifier }) => ({ text: specifier, link: `/api/${specifier}/` }))
  return existsSync(API_DIR) ? [...groups, { text: 'API', collapsed: false, items: api }] : groups
}
