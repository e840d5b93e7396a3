/** For HEALTHCHECK: asks the running process over loopback. Exit code 0 when it is well, 1 otherwise. Another address may be given. */
import { createScheduler, memoryStore } from '@quarterjack/core'
import { runCli } from '@quarterjack/core/cli'

const url = process.argv[2] ?? `http://127.0.0.1:${process.env.AGENT_FEEDBACK_HEALTH_PORT || '8004'}/health`

// Only its commands are wanted: this scheduler never starts.
const scheduler = createScheduler({ store: memoryStore(), jobs: [] })
const exitCode = await runCli(scheduler, ['health', '--url', url], { name: 'healthcheck' })
// Docker knows 0 and 1 only.
process.exitCode = Math.min(exitCode, 1)
