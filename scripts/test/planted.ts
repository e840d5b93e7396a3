/** Small repositories in memory, with faults planted in them. */
import { parseUnit, type Unit } from '../shape/unit.ts'

/** Where the planted repository pretends to be. */
export const PLANTED_ROOT = '/planted'

/** Units of files given by path and text. */
export function plant(files: Readonly<Record<string, string>>): readonly Unit[] {
  return Object.entries(files).map(([path, text]) => parseUnit(PLANTED_ROOT, `${PLANTED_ROOT}/${path}`, text))
}

/** One file in a folder of core's sources. */
export function plantInCore(folder: string, text: string): Unit {
  return parseUnit(PLANTED_ROOT, `${PLANTED_ROOT}/packages/core/src/${folder}/planted.ts`, text)
}
