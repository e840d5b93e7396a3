/** One peer, one phase, in a process of its own: `measure.ts <peer> <phase> <count>`. */
import { quantile } from '../figure.ts'
import { PEERS } from './peers.ts'

const [name = '', phase = '', countText = '0'] = process.argv.slice(2)
const count = Number(countText)
const makePeer = PEERS[name]
if (makePeer === undefined) throw new Error(`no peer ${name}`)
if (typeof gc !== 'function') throw new Error('run with --expose-gc')
const collect = gc

/** Longest registration. */
const BUDGET_MS = 60_000

const peer = await makePeer()
const sample = phase === 'register' ? await register() : phase === 'burst' ? await burst() : await sustain()
console.log(JSON.stringify(sample))
await peer.stop()
process.exit(0)

async function register(): Promise<Record<string, number>> {
  await peer.registerDaily(1_000, Number.POSITIVE_INFINITY) // warm
  collect()
  const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const registered = await peer.registerDaily(count, Date.now() + BUDGET_MS)
  const registerMs = performance.now() - startedAt
  const cpu = process.cpuUsage(cpuBefore)
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    registered,
    registerMs,
    registerCpuUsPerJob: (cpu.user + cpu.system) / registered,
    heapBytesPerJob: (heapUsed + arrayBuffers - heapBefore) / registered,
  }
}

/** Lateness from the common instant to each handler's start. */
async function burst(): Promise<Record<string, number>> {
  // Registration of the slowest peer must be over by then.
  const at = new Date(Math.ceil((Date.now() + 25_000) / 1_000) * 1_000)
  const late: number[] = []
  await peer.registerAt(count, at, () => void late.push(Date.now() - at.getTime()))
  while (late.length < count && Date.now() < at.getTime() + 30_000) await new Promise((resolve) => setTimeout(resolve, 50))
  return { latenessP50Ms: quantile(late, 0.5), latenessP99Ms: quantile(late, 0.99), firedPercent: (100 * late.length) / count }
}

/** `count` fires per second for ten seconds. */
async function sustain(): Promise<Record<string, number>> {
  const seconds = 10
  const late: number[] = []
  let measuring = false
  await peer.registerEverySecond(count, (slot) => {
    // A peer that does not tell the slot is given the newest second.
    if (measuring) late.push(slot === null ? Date.now() % 1_000 : Date.now() - slot.getTime())
  })
  await new Promise((resolve) => setTimeout(resolve, 2_500 - (Date.now() % 1_000)))
  measuring = true
  const cpuBefore = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  measuring = false
  const cpu = process.cpuUsage(cpuBefore)
  return {
    firedPercent: (100 * late.length) / (count * seconds),
    latenessP50Ms: quantile(late, 0.5),
    latenessP99Ms: quantile(late, 0.99),
    cpuUsPerFire: (cpu.user + cpu.system) / Math.max(1, late.length),
  }
}
