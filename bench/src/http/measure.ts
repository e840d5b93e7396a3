/** One part of the scenario in a process of its own; its last line is the sample. */
import { measureEndpoints } from './measure-endpoints.ts'
import { measureSlow } from './measure-slow.ts'
import { measureTarget } from './measure-target.ts'

const [, , part, mode] = process.argv
const isQuick = mode === 'quick'
const measures: Readonly<Record<string, () => Promise<unknown>>> = {
  target: () => measureTarget(isQuick ? 2_000 : 10_000),
  endpoints: () => measureEndpoints(1_000, isQuick ? 2 : 5),
  slow: () => measureSlow(1_000),
}
console.log(JSON.stringify(await measures[part ?? '']?.()))
process.exit(0)
