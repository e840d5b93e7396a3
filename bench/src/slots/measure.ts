/** One peer, one phase, in a process of its own: `measure.ts <peer> <phase> <quick | full> <url>`. */
import { serverKind } from '../peers-by-server.ts'
import { work } from './crew.ts'
import type { Phase } from './phase.ts'

const [peer = '', phase = '', length = '', url = ''] = process.argv.slice(2)

if (phase === 'work') await work(peer, url)
else {
  const phases = serverKind(url) === 'redis' ? (await import('./redis-phases.ts')).PHASES : (await import('./pg-phases.ts')).PHASES
  const measure: Phase | undefined = phases[phase]
  if (measure === undefined) throw new Error(`no phase ${phase}`)
  console.log(JSON.stringify(await measure({ peer, url, isQuick: length === 'quick' })))
  process.exit(0)
}
