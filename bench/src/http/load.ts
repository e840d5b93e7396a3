/** Asks one address over and over, on connections that stay, in a process of its own. Prints requests per second. */
import { Agent, get } from 'node:http'

const [, , url = '', token = '', seconds = '2'] = process.argv
const CONNECTIONS = 16
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` }

function once(): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`))
      response.resume().on('end', resolve)
    }).on('error', reject)
  })
}

await Promise.all(Array.from({ length: CONNECTIONS }, once))
const startedAt = performance.now()
const endsAt = startedAt + Number(seconds) * 1_000
let answered = 0
const lane = async (): Promise<void> => {
  while (performance.now() < endsAt) {
    await once()
    answered++
  }
}
await Promise.all(Array.from({ length: CONNECTIONS }, lane))
console.log((answered * 1_000) / (performance.now() - startedAt))
process.exit(0)
