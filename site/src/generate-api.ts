/** Writes the API reference from the doc comments: a folder for each public entry, a page for each export. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Application, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { listPackages, ROOT } from '../../scripts/workspace.ts'
import { API_DIR, REF, REPOSITORY } from './settings.ts'

const MARKDOWN: Partial<PluginOptions> = {
  entryFileName: 'index',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  // Pages are templates of Vue, to which `<` and `{{` mean something.
  sanitizeComments: true,
  useHTMLEncodedBrackets: true,
  indexFormat: 'table',
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  tableColumnSettings: { hideSources: true, hideModifiers: true, hideInherited: true, hideOverrides: true, leftAlignHeaders: true },
}

/** Writes all pages anew. Answers how many exports they describe; throws on what TypeDoc calls an error. */
export async function generateApi(): Promise<number> {
  rmSync(API_DIR, { recursive: true, force: true })
  const entries = listPackages().flatMap((found) => found.entries)
  const options: TypeDocOptions & Partial<PluginOptions> = {
    ...MARKDOWN,
    name: 'API',
    entryPoints: entries.map((entry) => entry.source),
    tsconfig: join(ROOT, 'tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: API_DIR }],
    readme: 'none',
    sort: ['required-first', 'alphabetical'],
    logLevel: 'Warn',
    excludeInternal: true,
    // `pnpm check:types` is the one to tell of them.
    skipErrorChecking: true,
    disableGit: true,
    basePath: ROOT,
    sourceLinkTemplate: `${REPOSITORY}/blob/${REF}/{path}#L{line}`,
  }
  const app = await Application.bootstrapWithPlugins(options)
  const project = await app.convert()
  if (project === undefined) throw new Error('The sources could not be read.')
  const modules = project.children ?? []
  for (const module of modules) {
    const entry = entries.find(({ source }) => source === module.sources?.[0]?.fullFileName)
    if (entry !== undefined) module.name = entry.specifier
  }
  app.validate(project)
  await app.generateOutputs(project)
  if (app.logger.hasErrors()) throw new Error('The API reference could not be written.')
  return modules.reduce((count, module) => count + (module.children?.length ?? 0), 0)
}
