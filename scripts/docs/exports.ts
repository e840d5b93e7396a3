/** Values that the packages export and no page of the docs names: nobody would find them. */
import { basename, dirname } from 'node:path'
import type { Finding } from '../findings.ts'

/** Sources that are public entries: `src/index.ts`, and `src/<entry>/index.ts`. */
export function isEntry(file: string): boolean {
  return basename(file) === 'index.ts' && /\/src(?:\/(?:store|cli|otel|testing))?$/.test(dirname(file))
}

/** Names of the values, not the types, that an entry exports, as they are called outside. */
export function exportedValues(entry: string): readonly string[] {
  return [...entry.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '' && !one.startsWith('type '))
      .map((one) => one.replace(/^.*\sas\s/, '')),
  )
}

/** `entries` by file, `pages` as text. */
export function findUntoldExports(entries: ReadonlyMap<string, string>, pages: readonly string[]): readonly Finding[] {
  const told = new Set(pages.flatMap((text) => text.match(/\w+/g) ?? []))
  return [...entries].flatMap(([file, text]) =>
    exportedValues(text)
      .filter((name) => !told.has(name))
      .map((name) => ({
        rule: 'export',
        severity: 'error',
        file,
        line: text.slice(0, text.search(new RegExp(`\\b${name}\\b`))).split('\n').length,
        message: `No page below docs/ names "${name}". Say what it is for.`,
      })),
  )
}
