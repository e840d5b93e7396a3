/** One project per package and example; workspace packages resolve to their sources, so tests need no build. */
import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const conditions = ['@quarterjack/source', 'module', 'node', 'development|production']
const folders = ['packages', 'examples'].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
const report = process.env.QJ_TEST_REPORT

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [...folders, 'scripts']
      .filter((folder) => existsSync(`${folder}/test`))
      .map((folder) => ({ extends: true as const, test: { name: folder, include: [`${folder}/test/**/*.test.ts`] } })),
  },
})
