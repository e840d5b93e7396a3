/** `kill -9` of one process after the other, wherever it just is, under load. */
import { testKillStorm } from '@quarterjack/fault-kit/suites/kill-storm'
import { postgresGround } from './ground.ts'

testKillStorm(postgresGround())
