/** Many processes race for the slots of many schedules that are all due at the same instants. */
import { testRace } from '@quarterjack/fault-kit/suites/race'
import { redisGround } from './ground.ts'

testRace(redisGround({ appendOnly: true }))
