/** The agent's side of {@link processAgent}: a task on standard input, a line per step on standard output. It stands in for a coding agent. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FixTask } from './agent.ts'
import { type MappedFile, planFix } from './plan-fix.ts'

const task = JSON.parse(await text(process.stdin)) as FixTask
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
const step = async (name: string, percent: number, message: string): Promise<void> => {
  say({ step: name, percent, message })
  await sleep(task.stepMs)
}

await step('clone', 5, `cloning ${task.repository}`)
const files = JSON.parse(await readFile(new URL('../../data/code-map.json', import.meta.url), 'utf8')) as readonly MappedFile[]
await step('locate', 25, `reading ${task.reports.length} reports and ${files.length} files`)
const plan = planFix(files, task)
if (plan === null) {
  // The same reports will not be any nearer next time.
  say({ failure: 'No file of the repository has anything to do with these reports.', isFinal: true })
} else {
  await step('patch', 50, `changing ${plan.path} (similarity ${plan.similarity.toFixed(2)})`)
  await step('test', 75, `running the tests of ${plan.path}`)
  await step('pull-request', 95, `pushing ${plan.branch}`)
  say({ branch: plan.branch, prUrl: `https://github.com/${task.repository}/pull/${plan.prNumber}` })
}
