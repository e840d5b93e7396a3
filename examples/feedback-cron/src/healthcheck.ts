/** For HEALTHCHECK: asks the running process over loopback. Exit code 0 when it is well, 1 otherwise. Another address may be given. */
import { createScheduler, memoryStore } from '@quarterjack/core'
import { runCli } from '@quarterjack/core/cli'

const [own, another] = [`http://127.0.0.1:${process.env.AGENT_FEEDBACK_HEALTH_PORT || '8004'}/health`, process.argv[2]]
const question = another === undefined ? ['--url', own] : ['--url', another, '--allow-remote']

// Only its commands are wanted: this scheduler never starts.
const scheduler = createScheduler({ store: memoryStore(), jobs: [] })
const exitCode = await runCli(scheduler, ['health', ...question], { name: 'healthcheck' })
// Docker knows 0 and 1 only.
process.exitCode = Math.min(exitCode, 1)
