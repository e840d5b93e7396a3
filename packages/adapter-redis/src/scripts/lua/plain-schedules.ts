/**
 * Schedules that wait for their next slot, and of which there is nothing else to decide, are kept as text: a firing compares its
 * head, puts a new one before the same rest, and need not unpack what it does not look at. One that is suspended, was suspended
 * since its last slot, is quarantined, or has no slot left is a row as others are.
 *
 *   T incarnation/generation/next slot/next due at/        what a firing compares
 *   slots/cursor/last run/                                 what it writes anew; 'slots' is 16 digits long
 *   K ledger/length of key/length of asked/key asked       K where a payload or a key of its own is to be told, else -
 *   the rest of the row as MessagePack
 *
 * The incarnation stands behind its length: 3:abc. 'asked' ends the JSON of each of its runs: schedule, ledger, payload.
 */
import type { LuaModule } from '../lua-module.ts'
import { runs } from './runs.ts'

export const plainSchedules: LuaModule = {
  name: 'plain-schedules',
  needs: [runs],
  source: `
local PLAIN = 84
local PLAIN_FIELDS = { incarnation = 1, generation = 1, nextSlot = 1, nextDueAt = 1, indexedAt = 1, slots = 1, cursor = 1, lastRun = 1, ledger = 1, payload = 1 }

-- 'field' is that of the hash: a job's number and the name.
writers[KEY.schedules] = function(row, field)
  if row.suspendedAt or row.quarantined or row.stretches or not row.nextSlot or not row.nextDueAt or row.indexedAt ~= row.nextDueAt then return nil end
  local name, rest = field:sub(field:find('/', 1, true) + 1), {}
  for field, value in pairs(row) do
    if not PLAIN_FIELDS[field] then rest[field] = value end
  end
  local key, asked = row.key or name, ',"schedule":' .. cjson.encode(name) .. ',"ledger":"' .. row.ledger .. '"' .. (row.payload and ',"payload":' .. cjson.encode(row.payload) or '') .. '}'
  return 'T' .. fn.bounded(row.incarnation) .. format('/%.17g/%.17g/%.17g/%016d/%.17g/', row.generation, row.nextSlot, row.nextDueAt, row.slots, row.cursor)
    .. (row.lastRun or '') .. '/' .. ((row.payload or row.key) and 'K' or '-') .. row.ledger .. '/' .. #key .. '/' .. #asked .. '/' .. key .. asked .. cmsgpack.pack(rest)
end
readers[KEY.schedules] = function(text)
  if text:byte(1) ~= PLAIN then return cmsgpack.unpack(text) end
  local incarnation, at = fn.bounded_at(text, 2)
  local _, to, generation, nextSlot, nextDueAt, slots, cursor, lastRun, kind, ledger, keyLength, askedLength =
    text:find('^([^/]*)/([^/]*)/([^/]*)/([^/]*)/([^/]*)/([^/]*)/(.)([^/]*)/(%d+)/(%d+)/', at)
  local askedFrom = to + keyLength + 1
  local row = cmsgpack.unpack(text:sub(askedFrom + askedLength))
  row.incarnation, row.generation, row.slots, row.cursor, row.ledger = incarnation, tonumber(generation), tonumber(slots), tonumber(cursor), ledger
  row.nextSlot, row.nextDueAt, row.indexedAt = tonumber(nextSlot), tonumber(nextDueAt), tonumber(nextDueAt)
  if lastRun ~= '' then row.lastRun = lastRun end
  if kind == 'K' then row.payload = cjson.decode('{' .. text:sub(askedFrom + 1, askedFrom + askedLength - 1)).payload end
  return row
end
`,
}
