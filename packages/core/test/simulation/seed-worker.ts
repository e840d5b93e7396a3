/** One thread of `pnpm sim`: simulates every `step`-th seed. */
import { parentPort, workerData } from 'node:worker_threads'
import { ownSubject } from './own-subject.ts'
import { simulate } from './simulate.ts'

const { from, to, step } = workerData as { readonly from: number; readonly to: number; readonly step: number }

for (let seed = from; seed < to; seed += step) parentPort?.postMessage(await simulate({ seed, subject: ownSubject }))
