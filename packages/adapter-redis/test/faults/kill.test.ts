/** `kill -9` in each phase of the life of a worker that works. */
import { testKill } from '@quarterjack/fault-kit/suites/kill'
import { redisGround } from './ground.ts'

testKill(redisGround())
