/** The site over `docs/`: the pages as they are, with their links, diagrams and navigation made to fit. */
import { relative } from 'node:path'
import { defineConfig } from 'vitepress'
import { anchorOf } from '../../scripts/docs/markdown.ts'
import { renderDiagrams } from '../src/diagrams.ts'
import { rewriteLinks } from '../src/links.ts'
import { BASE, DOCS_DIR, REF, REPOSITORY, SITE_DIR, VERSION } from '../src/settings.ts'
import { listSidebar } from '../src/sidebar.ts'

export default defineConfig({
  title: 'Quarterjack',
  description: 'Recurring work for Node services: every slot of every schedule is accounted for, exactly once.',
  lang: 'en-GB',
  base: BASE,
  srcDir: relative(new URL('..', import.meta.url).pathname, DOCS_DIR),
  outDir: SITE_DIR,
  rewrites: (page) => page.replace(/README\.md$/, 'index.md'),
  cleanUrls: true,
  // The search index; it is loaded when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 3000 } },
  markdown: {
    // The anchors that GitHub gives; `check:docs` knows the same.
    anchor: { slugify: anchorOf },
    config: (md) => {
      rewriteLinks(md)
      renderDiagrams(md)
    },
  },
  themeConfig: {
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'API', link: '/api/' },
      { text: VERSION, link: `${REPOSITORY}/tree/${REF}` },
    ],
    sidebar: listSidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    externalLinkIcon: true,
  },
})
