/** Commands that a server was given: those that clients sent, and all that it executed, within scripts too. */
import { connect } from 'node:net'
import { once } from 'node:events'
import { connectNodeRedis } from './clients.ts'

export interface CommandCount {
  /** By clients: what goes over the network, and what hosted services bill. */
  readonly sent: number
  /** As INFO commandstats has it: what scripts call counts as well. */
  readonly executed: number
}

/** Begins to count; the answer asks how many there were so far. Its own commands do not count. */
export async function countCommands(url: string): Promise<() => Promise<CommandCount>> {
  const client = await connectNodeRedis(url)
  const sent = await countSent(url)
  return async () => {
    const info = String(await client.sendCommand(['INFO', 'commandstats']))
    const calls = [...info.matchAll(/cmdstat_([^:\s]+):calls=(\d+)/g)].filter(([, name]) => name !== 'info' && name !== 'monitor')
    return { sent: sent(), executed: calls.reduce((sum, [, , count]) => sum + Number(count), 0) }
  }
}

/** MONITOR tells each command on a line of its own, and who sent it: an address, or `lua`. */
async function countSent(url: string): Promise<() => number> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let count = 0
  let rest = ''
  socket.on('data', (chunk) => {
    const lines = `${rest}${String(chunk)}`.split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (/^\+[\d.]+ \[\d+ [^\]]*:\d+\] (?!"INFO")/i.test(line)) count++
  })
  socket.write('MONITOR\r\n')
  await once(socket, 'data')
  return () => count
}
