/** SIGSTOP beyond the lease, and SIGCONT. */
import { testFreeze } from '@quarterjack/fault-kit/suites/freeze'
import { postgresGround } from './ground.ts'

testFreeze(postgresGround())
