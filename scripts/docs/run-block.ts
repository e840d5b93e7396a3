/** Executes a block marked `run` and compares what it prints. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Finding } from '../findings.ts'
import { runCommand } from '../run-command.ts'
import { SOURCE_CONDITION } from '../workspace.ts'
import type { Block } from './blocks.ts'

/** Most time a block may take. */
const BLOCK_TIMEOUT_MS = 30_000

/** Runs one block as its own process, against the sources. Answers what is wrong, if anything. */
export async function runBlock(block: Block): Promise<readonly Finding[]> {
  mkdirSync(dirname(block.path), { recursive: true })
  writeFileSync(block.path, block.code)
  const { code, output, stdout } = await runCommand(process.execPath, [`--conditions=${SOURCE_CONDITION}`, block.path], {
    // Files that a block writes stay in the scratch folder.
    cwd: dirname(block.path),
    timeoutMs: BLOCK_TIMEOUT_MS,
  })
  const fault = (message: string): readonly Finding[] => [{ rule: 'run', severity: 'error', file: block.file, line: block.line, message }]
  if (code !== 0) return fault(`The block ended with code ${code}:\n${output}`)
  if (block.output === null || matchesOutput(stdout, block.output)) return []
  return fault(`The block printed:\n${stdout}instead of:\n${block.output}`)
}

/** True when the lines are equal; `…` in an expected line stands for any text, and a line of its own for any lines. */
export function matchesOutput(printed: string, expected: string): boolean {
  const trimmed = (text: string): readonly string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd())
  const pattern = trimmed(expected)
    .map((line) => (line === '…' ? '(?:.*\n)*?' : `${line.split('…').map(escapePattern).join('.*')}\n`))
    .join('')
  return new RegExp(`^${pattern}$`).test(`${trimmed(printed).join('\n')}\n`)
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
