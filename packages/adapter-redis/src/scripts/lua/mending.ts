/**
 * One process at a time puts a damaged prefix in order. What it has begun is known until it is done, so that another one does it
 * all again where the first died.
 */
import type { LuaModule } from '../lua-module.ts'
import { kernel } from './kernel.ts'

export const mending: LuaModule = {
  name: 'mending',
  needs: [kernel],
  source: `
-- A mender that was not heard of for so long is taken for dead.
local MENDER_SILENT_MS = 3000
local mender, menderUntil = unpack(call('HMGET', KEY.meta, 'mending', 'mendingUntil'))
function fn.is_begun() return mender and mender ~= '' end
function fn.is_mender() return mender == ARGV[3] end
function fn.is_mended_by_others()
  local left = (tonumber(menderUntil) or 0) - now
  -- What lies further ahead was written before the clock went back.
  return fn.is_begun() and not fn.is_mender() and left > 0 and left <= MENDER_SILENT_MS
end
function fn.go_on_mending()
  fn.set('mending', ARGV[3])
  fn.set('mendingUntil', floor(now) + MENDER_SILENT_MS)
end
function fn.end_mending()
  for _, name in ipairs({ 'mending', 'mendingUntil', 'mendingRuns' }) do fn.set(name, '') end
end
-- Whoever was told of the present epoch is refused from here on.
function fn.next_epoch()
  local lineage, losses = meta.epoch:match('^(.*)%.(%d+)$')
  fn.set('epoch', lineage .. '.' .. format('%.0f', losses + 1))
end
`,
}
