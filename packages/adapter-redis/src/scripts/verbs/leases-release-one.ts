/**
 * Lets one lease go that nobody bids for or waits at. Without the kernel, whose functions would take longer to make than this
 * takes. Its reply is that of the kernel; 0 where the general way must decide.
 */
import type { LuaModule } from '../lua-module.ts'

export const leasesReleaseOne: LuaModule = {
  name: 'leases.release',
  needs: [],
  source: `
local call, format = redis.call, string.format
local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'dynamic', 'alive')
local epoch, writes, dynamic, alive = meta[1] or '', tonumber(meta[2]) or 0, tonumber(meta[3]) or 0, tonumber(meta[4]) or 0
if ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return { epoch, writes, 0, {}, false, dynamic, alive, 1 } end
local held = cjson.decode(ARGV[1])
local now = tonumber(ARGV[2]) or $TIME$
local id = 'm' .. held.name
local text = call('HGET', KEY.gates, id)
local gate = text and cmsgpack.unpack(text)
local lease = gate and gate.lease
local isLone = lease and lease.holder == held.holder and lease.fence == held.fence and lease.expiresAt > now
  and gate.held == 1 and #gate.bids == 0 and next(gate.lines) == nil
if not isLone then return { epoch, writes, 0, {}, 0, dynamic, alive, 0 } end
call('HDEL', KEY.gates, id)
call('ZREM', KEY.leases, id)
call('HSET', KEY.meta, 'writes', format('%.0f', writes + 1))
return { epoch, writes + 1, format('%.17g', now), {}, 1, dynamic, alive, 0 }
`,
}
