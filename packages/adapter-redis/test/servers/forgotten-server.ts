/** A program that starts a server, tells where it is, and waits to be killed. Run by `redis.test.ts`. */
import { startRedis } from './redis.ts'

const server = await startRedis()
const [, directory] = (await server.ask('CONFIG', 'GET', 'dir')) as readonly string[]
const pid = /process_id:(\d+)/.exec(String(await server.ask('INFO', 'server')))?.[1]
if (process.argv[2] === 'paused') server.pause()
console.log(JSON.stringify({ pid: Number(pid), directory }))
setInterval(() => undefined, 1_000)
