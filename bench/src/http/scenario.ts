/** HTTP: what a target costs over a bare call, what the endpoints bear, what a thousand slow targets hold. */
import { inOwnProcess, type Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'

const PARTS = [
  ['target', 'one call to a server on this machine, in turns'],
  ['endpoints', '1,000 jobs on the memory store, 16 connections'],
  ['slow', '1,000 targets that wait for a slow endpoint'],
] as const

export const http: Scenario = {
  name: 'http',
  about: 'targets beside a bare fetch; /health and /metrics; memory of waiting targets',
  rounds: { quick: 1, full: 5 },
  async contenders() {
    return PARTS.map(([part, config]) => ({
      peer: 'quarterjack',
      version: versionOf('quarterjack'),
      config,
      measure: (quick: boolean) => inOwnProcess('http/measure.ts', [part, quick ? 'quick' : 'full']),
    }))
  },
}
