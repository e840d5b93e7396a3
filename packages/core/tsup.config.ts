/** How the package is built: one ES module and one declaration file per public entry; zod is bundled, dependencies are not. */
import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/store/index.ts', 'src/cli/index.ts', 'src/otel/index.ts', 'src/testing/index.ts'],
  format: 'esm',
  target: 'node22',
  splitting: true,
  clean: true,
  dts: { resolve: ['@standard-schema/spec'] },
  tsconfig: 'tsconfig.build.json',
})
