/**
 * One bid for a mutex that nobody holds, bids for, or waits at: the gate has no row. Without the kernel, whose functions would
 * take longer to make than this takes. Its reply is that of the kernel; 0 where the general way must decide.
 */
import type { LuaModule } from '../lua-module.ts'

export const leasesAcquireOne: LuaModule = {
  name: 'leases.acquire',
  needs: [],
  source: `
local call, format = redis.call, string.format
local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'fence', 'dynamic', 'alive', 'leasesFrom')
local epoch, writes, dynamic, alive = meta[1] or '', tonumber(meta[2]) or 0, tonumber(meta[4]) or 0, tonumber(meta[5]) or 0
if ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return { epoch, writes, 0, {}, false, dynamic, alive, 1 } end
local bid = cjson.decode(ARGV[1])
local now = tonumber(ARGV[2]) or $TIME$
local id = 'm' .. bid.name
if epoch == '' or call('HEXISTS', KEY.gates, id) == 1 or now < (tonumber(meta[6]) or 0) then
  return { epoch, writes, 0, {}, 0, dynamic, alive, 0 }
end
local fence = math.max((tonumber(meta[3]) or 0) + 1, math.floor(now * 1000), bid.seenFence + 1)
local expiresAt = now + bid.leaseMs
local lease = { holder = bid.holder, fence = fence, expiresAt = expiresAt }
call('HSET', KEY.gates, id, cmsgpack.pack({ held = 1, waiting = 0, lines = {}, bids = {}, lease = lease }))
call('ZADD', KEY.leases, expiresAt, id)
call('HSET', KEY.meta, 'fence', format('%.0f', fence), 'writes', format('%.0f', writes + 1))
return { epoch, writes + 1, format('%.17g', now), {}, { fence, format('%.17g', expiresAt) }, dynamic, alive, 0 }
`,
}
