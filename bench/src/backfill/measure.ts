/** One way to fill a target, in a process of its own: `measure.ts <peer> <what> <rows> <url>`. */
import { FILLERS } from './fillers.ts'

const [name = '', what = '', rowsText = '0', url = ''] = process.argv.slice(2)
const filler = FILLERS[name]
if (filler === undefined) throw new Error(`no way ${name}`)
const rows = Number(rowsText)
const fillMs = await filler.fill(url, what, rows)
console.log(JSON.stringify({ fillMs, rowsPerS: (1_000 * rows) / fillMs }))
process.exit(0)
