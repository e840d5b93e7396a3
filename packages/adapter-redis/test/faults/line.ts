/** A line to Redis that can be hurt. */
import type { Line } from '@quarterjack/fault-kit/line'
import { loseCall } from './lose-call.ts'
import { startRespProxy } from './resp-proxy.ts'

/** Leads to the server that `url` names. */
export async function openLine(url: string): Promise<Line> {
  const proxy = await startRespProxy(url)
  return {
    url: proxy.url,
    // Clients pause before they connect again.
    cutEachMs: 150,
    cut: () => proxy.cut(),
    loseCall: (at, call) => loseCall(proxy, at, call),
    blackhole: (direction) => proxy.blackhole(direction),
    heal: () => proxy.heal(),
    [Symbol.asyncDispose]: () => proxy.close(),
  }
}
