/** Postgres goes away at once, as after a crash, and comes back. */
import { testRestart } from '@quarterjack/fault-kit/suites/restart'
import { postgresGround } from './ground.ts'

testRestart(postgresGround())
