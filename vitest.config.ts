/** One project per package and example; workspace packages resolve to their sources, so tests need no build. */
import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const conditions = ['@quarterjack/source', 'module', 'node', 'development|production']
const folders = ['packages', 'examples'].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
const report = process.env.QJ_TEST_REPORT
// Generous: a slow machine is no failure. Core's tests wait for nothing real.
const timeouts: Readonly<Record<string, number>> = { full: 600_000, soak: 0 }

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: timeouts[process.env.QJ_TEST_TIER ?? ''] ?? 30_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [...folders, 'scripts']
      .filter((folder) => existsSync(`${folder}/test`))
      .map((folder) => ({ extends: true as const, test: { name: folder, include: [`${folder}/test/**/*.test.ts`] } })),
  },
})
