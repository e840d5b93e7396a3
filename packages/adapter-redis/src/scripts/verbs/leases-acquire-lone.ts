/**
 * Bids for mutexes that nobody holds, bids for, or waits at: their gates have no rows. Without the kernel, whose functions would
 * take longer to make than this takes.
 *
 * ARGV as the kernel has it, but that the request is not read; then the highest fence that the askers saw, and of each bid its
 * gate, its holder, and its lease in ms. Its reply is that of the kernel: a fence for each, and 0 where the general way must decide.
 */
import { IS_OWN_LOST, NEXT_OWN } from '../lua/own-writes.ts'
import type { LuaModule } from '../lua-module.ts'

export const leasesAcquireLone: LuaModule = {
  name: 'leases.acquire',
  needs: [],
  source: `
local call, format = redis.call, string.format
local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'fence', 'dynamic', 'alive', 'leasesFrom', ARGV[3])
local epoch, writes, dynamic, alive = meta[1] or '', tonumber(meta[2]) or 0, tonumber(meta[4]) or 0, tonumber(meta[5]) or 0
if ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return { epoch, writes, 0, {}, false, dynamic, alive, 1 } end
local now = tonumber(ARGV[2]) or math.floor($TIME$)
local ownText, outcome = meta[7], 0
local mayGrant = epoch ~= '' and not ${IS_OWN_LOST} and now >= (tonumber(meta[6]) or 0)

local fence = math.max(tonumber(meta[3]) or 0, math.floor(now * 1000) - 1, tonumber(ARGV[7]))
local ids = {}
for index = 8, #ARGV, 3 do ids[#ids + 1] = ARGV[index] end
local taken = call('HMGET', KEY.gates, unpack(ids))
local replies, rows, ends, isTaken, leaseMs, endsAt = {}, {}, {}, {}, nil, nil
for index, id in ipairs(ids) do
  replies[index] = 0
  if mayGrant and not taken[index] and not isTaken[id] then
    isTaken[id] = true
    fence = fence + 1
    replies[index] = fence
    local at = 3 * index + 6
    if ARGV[at + 1] ~= leaseMs then
      leaseMs = ARGV[at + 1]
      endsAt = format('%.17g', now + leaseMs)
    end
    local last = #rows
    rows[last + 1], rows[last + 2] = id, 'L' .. format('%.0f', fence) .. '/' .. endsAt .. '/' .. ARGV[at]
    ends[last + 1], ends[last + 2] = endsAt, id
  end
end
if #rows > 0 then
  call('HSET', KEY.gates, unpack(rows))
  call('ZADD', KEY.leases, unpack(ends))
  writes, outcome, ownText = writes + 1, 2, ${NEXT_OWN}
  call('HSET', KEY.meta, 'fence', format('%.0f', fence), 'writes', format('%.0f', writes), ARGV[3], ownText)
end
return { epoch, writes, format('%.17g', now), {}, replies, dynamic, alive, outcome, ownText }
`,
}
