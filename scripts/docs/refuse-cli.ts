/** What the CLI says against a command: parsed as it is typed, and not carried out. */
import { buildProgram } from '../../packages/core/src/cli/program.ts'

/** Null where it takes the words. `<id>` and the like stand for values. */
export async function refuseCli(words: readonly string[]): Promise<string | null> {
  const program = buildProgram({
    name: 'my-service',
    columns: null,
    writeOut: () => undefined,
    writeErr: () => undefined,
    onExit: () => undefined,
    invoke: async () => undefined,
  })
  const typed = words.map((word) => word.replace(/^<(\w+)>$/, '$1'))
  try {
    await program.parseAsync(typed, { from: 'user' })
    return null
  } catch (error) {
    return `my-service ${words.join(' ')}: ${(error as Error).message}`
  }
}
