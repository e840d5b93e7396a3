/** From the end of a process by kill -9 to its run's start in another: `measure.ts <peer> <role> <lease ms> <url>`. */
import { machineMs, obey, startReplica, tell } from '../replica.ts'
import { connectTakeoverPeer } from './takeover-peers.ts'

const [name = '', role = '', leaseText = '0', url = ''] = process.argv.slice(2)
const peer = await connectTakeoverPeer(name, { url, leaseMs: Number(leaseText) })

if (role === 'work') {
  obey()
  await peer.work(() => tell(machineMs()))
  tell('ready')
} else {
  await peer.open()
  const victim = await startReplica([name, 'work', leaseText, url])
  await peer.trigger()
  await victim.next()
  const heir = await startReplica([name, 'work', leaseText, url])
  // Anywhere within the time between two renewals.
  await new Promise((resolve) => setTimeout(resolve, Math.random() * (Number(leaseText) / 3)))
  const killedAt = machineMs()
  await victim.kill()
  console.log(JSON.stringify({ takeoverMs: (await heir.next<number>()) - killedAt }))
  process.exit(0)
}
