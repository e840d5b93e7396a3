/**
 * Bids for mutexes that nobody holds, bids for, or waits at: their gates have no rows. Without the kernel, whose functions would
 * take longer to make than this takes.
 *
 * ARGV as the kernel has it; then of each bid its name, its holder, and its lease in ms. Its reply is that of the kernel: a fence
 * for each, and 0 where the general way must decide.
 */
import type { LuaModule } from '../lua-module.ts'

export const leasesAcquireLone: LuaModule = {
  name: 'leases.acquire',
  needs: [],
  source: `
local call, format = redis.call, string.format
local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'fence', 'dynamic', 'alive', 'leasesFrom')
local epoch, writes, dynamic, alive = meta[1] or '', tonumber(meta[2]) or 0, tonumber(meta[4]) or 0, tonumber(meta[5]) or 0
if ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return { epoch, writes, 0, {}, false, dynamic, alive, 1 } end
local now = tonumber(ARGV[2]) or $TIME$
local mayGrant = epoch ~= '' and now >= (tonumber(meta[6]) or 0)

local ids = {}
for index = 6, #ARGV, 3 do ids[#ids + 1] = 'm' .. ARGV[index] end
local taken = call('HMGET', KEY.gates, unpack(ids))
local fence = math.max(tonumber(meta[3]) or 0, math.floor(now * 1000) - 1, cjson.decode(ARGV[1]).seenFence)
local replies, rows, ends, isTaken = {}, {}, {}, {}
for index, id in ipairs(ids) do
  replies[index] = 0
  if mayGrant and not taken[index] and not isTaken[id] then
    isTaken[id] = true
    fence = fence + 1
    local at = 3 * index + 3
    local holder, endsAt = ARGV[at + 1], format('%.17g', now + ARGV[at + 2])
    rows[#rows + 1] = id
    rows[#rows + 1] = 'L' .. format('%.0f', fence) .. '/' .. endsAt .. '/' .. holder
    ends[#ends + 1] = endsAt
    ends[#ends + 1] = id
    replies[index] = fence
  end
end
if #rows > 0 then
  call('HSET', KEY.gates, unpack(rows))
  call('ZADD', KEY.leases, unpack(ends))
  writes = writes + 1
  call('HSET', KEY.meta, 'fence', format('%.0f', fence), 'writes', format('%.0f', writes))
end
return { epoch, writes, format('%.17g', now), {}, replies, dynamic, alive, 0 }
`,
}
