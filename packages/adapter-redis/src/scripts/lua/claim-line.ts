/**
 * A claim that takes the whole line of the only job that has anything due: what a process does that was idle. The same rows and
 * the same reply as the general way, before its functions are made, which takes longer than this. Nothing is written where
 * anything else has to be decided.
 */
import { IS_OWN_LOST, NEXT_OWN } from './own-writes.ts'

export const claimLine: string = `
local function claim_line()
  local call, format = redis.call, string.format
  -- What is more is worth the general way, which takes it in lots.
  local length = call('ZCARD', KEY.plain)
  if length == 0 or length > 32 then return nil end
  local request = cjson.decode(ARGV[1])
  local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'fence', 'dynamic', 'alive', 'claimsFrom', 'plainAt', ARGV[3])
  local epoch, writes, ownText = meta[1] or '', tonumber(meta[2]) or 0, meta[8]
  if epoch == '' or ${IS_OWN_LOST} or ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return nil end
  local now, fraction = tonumber(ARGV[2]), 0
  if now == nil then
    local exact = $TIME$
    now = math.floor(exact)
    fraction = math.floor((exact - now) * 1000)
  end
  -- After a loss runs are not given yet; or the clock went back.
  local claimsFrom = tonumber(meta[6]) or 0
  if now < claimsFrom or now < (tonumber(meta[7]) or 0) then return nil end

  local ready = call('ZRANGE', KEY.readyJobs, 0, 1)
  local name = ready[1]
  if #ready ~= 1 or (request.perJob and request.perJob[name]) then return nil end
  local owner = call('HGET', KEY.owners, request.owner)
  owner = owner and cmsgpack.unpack(owner)
  if not owner or owner.expiresAt <= now or not owner.jobs[name] then return nil end
  -- Nobody's lease is over, and nobody waits for one.
  if #call('ZRANGEBYSCORE', KEY.ownerEnds, '-inf', now, 'LIMIT', 0, 1) > 0 or call('ZCARD', KEY.leases) > 0 then return nil end
  local function find_job(name)
    local number = call('HGET', KEY.jobNumbers, name)
    local job = number and call('HGET', KEY.jobs, number)
    return job and cmsgpack.unpack(job), number
  end
  local job, number = find_job(name)
  if not job or job.concurrency or job.rateMax or job.suspendedAt or job.ready > 0 or job.suspects > 0 then return nil end

  -- What the reply tells beside: when something comes due, and when a lease of others ends.
  local due, timed, holders = call('ZRANGE', KEY.dueJobs, 0, 0, 'WITHSCORES'), call('ZRANGE', KEY.timed, 0, 0, 'WITHSCORES'), call('ZRANGE', KEY.holders, 0, 1, 'WITHSCORES')
  if due[1] and not owner.jobs[due[1]] then return nil end
  if timed[1] then
    if not owner.jobs[timed[1]] or tonumber(timed[2]) <= now then return nil end
    local other = timed[1] ~= name and find_job(timed[1])
    if other and other.concurrency then return nil end
  end
  local function instant_out(instant)
    if instant == nil then return false end
    return instant == math.floor(instant) and instant or format('%.17g', instant)
  end
  local function when(score) return instant_out(score and math.max(tonumber(score), claimsFrom)) end
  -- Of another owner than this one.
  local endsNext = tonumber(holders[holders[1] == request.owner and 4 or 2])

  local prefix = number .. '/'
  local members = call('ZRANGEBYLEX', KEY.plain, '[' .. prefix, '(' .. prefix .. '\\255', 'LIMIT', 0, 32)
  local count = #members
  if count == 0 or count > request.limit then return nil end
  local ids = {}
  for index, member in ipairs(members) do ids[index] = member:sub(#prefix + 18) end
  local texts = call('HMGET', KEY.runs, unpack(ids))
  for _, text in ipairs(texts) do
    if not text or text:byte(1) ~= 78 then return nil end
  end

  local first = math.max((tonumber(meta[3]) or 0) + 1, math.floor(now * 1000), (request.seenFence or 0) + 1)
  local holder, started = '/' .. #request.owner .. ':' .. request.owner .. '/', format('%.17g', now) .. '/'
  local rows, byAge, claimed, begun = {}, {}, {}, math.min(math.max(request.start, 0), count)
  for index, id in ipairs(ids) do
    local fence = format('%d', first + index - 1)
    rows[2 * index - 1], rows[2 * index] = id, 'R' .. fence .. holder .. (index <= begun and started or '/') .. texts[index]
    byAge[2 * index - 1], byAge[2 * index] = '0', members[index]
    claimed[3 * index - 2], claimed[3 * index - 1], claimed[3 * index] = id, fence, texts[index]
  end
  call('HSET', KEY.runs, unpack(rows))
  call('ZREM', KEY.plain, unpack(members))
  call('ZADD', KEY.byAge, unpack(byAge))
  -- Held as one; see 'held'.
  if count == 1 then
    call('ZADD', KEY.held, '0', request.owner .. '/' .. ids[1])
  else
    local lot = format('%d', first)
    owner.lots = owner.lots or {}
    owner.lots[lot] = { count, count }
    call('HSET', KEY.heldLots, lot, cmsgpack.pack(ids))
    call('ZADD', KEY.held, '0', request.owner .. '/\\1' .. lot)
  end
  owner.expiresAt, owner.held = now + request.leaseMs, owner.held + count
  local endsAt = format('%.17g', owner.expiresAt)
  call('HSET', KEY.owners, request.owner, cmsgpack.pack(owner))
  call('ZADD', KEY.ownerEnds, endsAt, request.owner)
  call('ZADD', KEY.holders, endsAt, request.owner)
  -- Nothing of the job is due any more.
  job.running, job.turn = job.running + count, nil
  if begun > 0 then job.lastRun = ids[begun] end
  call('HSET', KEY.jobs, number, cmsgpack.pack(job))
  call('ZREM', KEY.readyJobs, name)
  ownText = ${NEXT_OWN}
  call('HSET', KEY.meta, 'writes', format('%.0f', writes + 1), 'fence', format('%.0f', first + count - 1), 'line:' .. name, '', ARGV[3], ownText)
  local tick = { when(due[2]), when(timed[2]), instant_out(endsNext) }
  return { epoch, writes + 1, instant_out(now), {}, { 'ok', {}, tick, name, claimed, begun }, tonumber(meta[4]) or 0, tonumber(meta[5]) or 0, 2, ownText, fraction }
end
local claimed = claim_line()
if claimed then return claimed end
`
