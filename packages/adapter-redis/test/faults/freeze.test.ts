/** SIGSTOP beyond the lease, and SIGCONT. */
import { testFreeze } from '@quarterjack/fault-kit/suites/freeze'
import { redisGround } from './ground.ts'

testFreeze(redisGround())
