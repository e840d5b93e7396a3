/** What a thousand targets hold while all of them wait for a slow endpoint. */
import { httpTarget } from '@quarterjack/adapter-http'
import { createScheduler, defineJob, memoryStore } from '@quarterjack/core'
import type { Sample } from '../figure.ts'
import { startChild } from './child.ts'

export async function measureSlow(calls: number): Promise<Sample> {
  const { line, child } = await startChild('echo-server.ts')
  const started = { count: 0 }
  const target = httpTarget({ url: `http://127.0.0.1:${line}/?wait=6000`, timeout: '60s' })
  const job = defineJob({
    name: 'slow',
    run: (ctx) => {
      started.count++
      return target(ctx)
    },
  })
  const scheduler = createScheduler({ store: memoryStore(), logger: false, jobs: [job], concurrency: calls })
  await scheduler.start()
  await (await scheduler.trigger(job)).finished()
  const before = memory()
  started.count = 0
  const handles = await scheduler.triggerMany(
    job,
    Array.from({ length: calls }, () => ({})),
  )
  while (started.count < calls) await new Promise((resolve) => setTimeout(resolve, 20))
  // All are on their way by now, and none is answered.
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  const during = memory()
  await Promise.all(handles.map((handle) => handle.finished()))
  await scheduler.stop({ grace: 0 })
  child.kill()
  return { heapBytesPerCall: (during.heap - before.heap) / calls, rssBytesPerCall: (during.rss - before.rss) / calls }
}

function memory(): { readonly heap: number; readonly rss: number } {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed, rss }
}
