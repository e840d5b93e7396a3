/** `kill -9` of a process that starts. */
import { testKillAtStart } from '@quarterjack/fault-kit/suites/kill-at-start'
import { redisGround } from './ground.ts'

testKillAtStart(redisGround())
