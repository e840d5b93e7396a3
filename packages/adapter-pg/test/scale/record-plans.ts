/** Writes `plans.md` anew, for a reviewer to see. */
import { writeFile } from 'node:fs/promises'
import { lookAtScale } from './look-at-scale.ts'
import { plansPage } from './plans-page.ts'

const page = new URL('./plans.md', import.meta.url)
await writeFile(page, plansPage(await lookAtScale()))
console.info(`written: ${page.pathname}`)
