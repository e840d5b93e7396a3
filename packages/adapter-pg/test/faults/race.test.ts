/** Many processes race for the slots of many schedules that are all due at the same instants. */
import { testRace } from '@quarterjack/fault-kit/suites/race'
import { postgresGround } from './ground.ts'

testRace(postgresGround({ settings: { max_connections: '400' } }))
