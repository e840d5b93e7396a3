/**
 * Lets leases go that nobody bids for or waits at, and that were never prolonged: their gates are kept as text. Without the
 * kernel, whose functions would take longer to make than this takes.
 *
 * ARGV as the kernel has it; then of each lease its gate, its holder, and its fence. Its reply is that of the kernel: 1 for each,
 * and 0 where the general way must decide.
 */
import { IS_OWN_LOST, NEXT_OWN } from '../lua/own-writes.ts'
import type { LuaModule } from '../lua-module.ts'

export const leasesReleaseLone: LuaModule = {
  name: 'leases.release',
  needs: [],
  source: `
local call, format = redis.call, string.format
local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'dynamic', 'alive', ARGV[3])
local epoch, writes, dynamic, alive = meta[1] or '', tonumber(meta[2]) or 0, tonumber(meta[3]) or 0, tonumber(meta[4]) or 0
if ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return { epoch, writes, 0, {}, false, dynamic, alive, 1 } end
local now = tonumber(ARGV[2]) or math.floor($TIME$)
local ownText, outcome = meta[5], 0
local mayRelease = not ${IS_OWN_LOST}

local ids = {}
for index = 7, #ARGV, 3 do ids[#ids + 1] = ARGV[index] end
local gates = call('HMGET', KEY.gates, unpack(ids))
local replies, released = {}, {}
for index, id in ipairs(ids) do
  replies[index] = 0
  local at, gate = 3 * index + 4, gates[index]
  if mayRelease and gate and gate:byte(1) == 76 then
    local fence, endsAt, holder = gate:match('^L(%d+)/([^/]+)/(.*)$')
    if fence == ARGV[at + 2] and holder == ARGV[at + 1] and tonumber(endsAt) > now then
      replies[index] = 1
      released[#released + 1] = id
    end
  end
end
if #released > 0 then
  call('HDEL', KEY.gates, unpack(released))
  call('ZREM', KEY.leases, unpack(released))
  writes, outcome, ownText = writes + 1, 2, ${NEXT_OWN}
  call('HSET', KEY.meta, 'writes', format('%.0f', writes), ARGV[3], ownText)
end
return { epoch, writes, format('%.17g', now), {}, replies, dynamic, alive, outcome, ownText }
`,
}
