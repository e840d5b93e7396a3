/** Processes of the tests: programs in TypeScript that are told a plan. */
import { type ChildProcess, fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Starts `program`, whose first argument is the plan as JSON. `preload` are modules that it loads before everything else. */
export function forkProgram(program: string, plan: object, preload: readonly string[] = []): ChildProcess {
  return fork(program, [JSON.stringify(plan)], {
    execArgv: ['--conditions=@quarterjack/source', ...preload.flatMap((module) => ['--import', module])],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), `quarterjack-compile-cache-${process.getuid?.() ?? 0}`) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

/** The plan, in the process that was started so. Whoever starts such a program says what its plan is. */
export function readPlan<Plan>(): Plan {
  return JSON.parse(process.argv[2] ?? '') as Plan
}
