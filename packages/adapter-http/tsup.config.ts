/** How the package is built: one ES module and one declaration file; zod is bundled. */
import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  target: 'node22',
  clean: true,
  dts: { resolve: ['@standard-schema/spec'] },
  tsconfig: 'tsconfig.build.json',
})
