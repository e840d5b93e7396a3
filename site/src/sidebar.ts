/** The navigation of the site: that of `docs/README.md`, and the API reference. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DefaultTheme } from 'vitepress'
import { type NavigationItem, readNavigation } from '../../scripts/docs/navigation.ts'
import { listPackages } from '../../scripts/workspace.ts'
import { toSiteLink } from './links.ts'
import { API_DIR, DOCS_DIR } from './settings.ts'

const INDEX = join(DOCS_DIR, 'README.md')

/** The groups beside every page. */
export function listSidebar(): DefaultTheme.SidebarItem[] {
  const groups = readNavigation(readFileSync(INDEX, 'utf8')).map(({ title, items }) => ({
    text: title,
    collapsed: title === 'Decisions',
    items: items.map(toItem),
  }))
  const entries = listPackages().flatMap((found) => found.entries)
  const api = entries.map(({ specifier }) => ({ text: specifier, link: `/api/${specifier}/` }))
  return existsSync(API_DIR) ? [...groups, { text: 'API', collapsed: false, items: api }] : groups
}

function toItem({ title, target, items }: NavigationItem): DefaultTheme.SidebarItem {
  const text = title.replaceAll('`', '')
  const item = { text: `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`, link: toSiteLink(INDEX, target).replace(/index\.md$/, '') }
  return items === undefined ? item : { ...item, collapsed: true, items: items.map(toItem) }
}
