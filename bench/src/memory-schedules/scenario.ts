/** 100,000 schedules in memory, 10,000 due at once, 5,000 a second: beside the in-process schedulers. */
import { inOwnProcess, type Contender, type Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'
import { PEERS } from './peers.ts'

const PHASES = [
  { phase: 'register', count: { quick: 10_000, full: 100_000 }, about: 'daily crons in Europe/Berlin, at most 60 s of registration' },
  { phase: 'burst', count: { quick: 2_000, full: 10_000 }, about: 'all due at one instant' },
  { phase: 'sustain', count: { quick: 1_000, full: 5_000 }, about: 'due every second, for 10 s' },
] as const

export const memorySchedules: Scenario = {
  name: 'memory-schedules',
  about: 'dynamic schedules of one job on the memory store, history kept (10 per key); peers: a job per schedule, no history',
  rounds: { quick: 1, full: 3 },
  async contenders() {
    return PHASES.flatMap(({ phase, count, about }) =>
      Object.keys(PEERS).map(
        (peer): Contender => ({
          peer,
          version: versionOf(peer),
          config: `${phase}: ${count.full.toLocaleString('en')} ${about}`,
          measure: (quick) =>
            inOwnProcess(
              'memory-schedules/measure.ts',
              [peer, phase, String(quick ? count.quick : count.full)],
              ['--max-old-space-size=16000'],
            ),
        }),
      ),
    )
  },
}
