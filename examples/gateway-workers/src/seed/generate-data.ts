/** Writes the files in `data/`, the same on every machine. */
import { writeFileSync } from 'node:fs'
import { SHIPPED_HISTORY } from '../orchestration/history-source.ts'
import { generateHistory } from './generate-history.ts'
import { generateProjects } from './generate-projects.ts'
import { generateRows } from './generate-rows.ts'
import { SHIPPED_ROWS } from './seed-database.ts'

writeLines(SHIPPED_ROWS, [...generateRows(), ...generateProjects()])
writeLines(SHIPPED_HISTORY, [...generateHistory()])

function writeLines(file: URL, values: readonly unknown[]): void {
  writeFileSync(file, values.map((value) => `${JSON.stringify(value)}\n`).join(''))
}
