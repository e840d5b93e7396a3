/** A backfill is made, with the runs that are to work on it. */
import { backfills } from '../lua/backfills.ts'
import { enqueue } from '../lua/enqueue.ts'
import type { LuaModule } from '../lua-module.ts'

export const backfillsCreate: LuaModule = {
  name: 'backfills.create',
  needs: [enqueue, backfills],
  source: `
local function create_one(asked)
  if fn.find_backfill(asked.id) then return { 'exists', asked.id } end
  if fn.rollup_as(asked.rollup, asked.generation) == nil then return { 'redefined', asked.id } end
  for _, other in ipairs(fn.unfinished_of(asked.rollup)) do
    if other.from < asked.to and asked.from < other.to then return { 'overlaps', other.id } end
  end
  fn.enter_backfill({
    id = asked.id, rollup = asked.rollup, from = asked.from, to = asked.to, select = asked.select, order = asked.order,
    concurrency = asked.concurrency, state = 'running', cursor = asked.order == 'newest' and asked.to or asked.from, windows = asked.windows,
    stamped = 0, done = 0, failed = 0, createdAt = now,
  })
  fn.forget_old_backfills(asked.rollup)
  for _, one in ipairs(asked.enqueue) do fn.enqueue_one(one) end
  return { 'created', asked.id }
end

local replies = {}
for index, asked in ipairs(request.backfills) do replies[index] = create_one(asked) end
fn.tidy_requests()
return fn.answer(replies)
`,
}
