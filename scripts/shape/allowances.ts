/** The way out of a rule: `// shape-allow <rule>: <reason>` on the line, or alone on the line above. */
import type { Finding } from '../findings.ts'

/** An allowance as it stands in a file. */
export interface Allowance {
  readonly rule: string
  readonly line: number
  readonly reason: string
}

/** Reads the allowances of a file. */
export function listAllowances(text: string): readonly Allowance[] {
  return text.split('\n').flatMap((line, index) => {
    const match = /\/\/ shape-allow ([a-z-]+): (\S.*)$/.exec(line)
    if (match === null) return []
    const isAlone = line.trim().startsWith('//')
    return [{ rule: match[1] ?? '', line: index + (isAlone ? 2 : 1), reason: match[2] ?? '' }]
  })
}

/** Takes out allowed findings, and adds an error for each allowance that allowed nothing. */
export function applyAllowances(findings: readonly Finding[], textOf: ReadonlyMap<string, string>): readonly Finding[] {
  const used = new Set<Allowance>()
  const byFile = new Map([...textOf].map(([file, text]) => [file, listAllowances(text)]))
  const kept = findings.filter((finding) => {
    const allowance = byFile.get(finding.file)?.find((one) => one.rule === finding.rule && one.line === finding.line)
    if (allowance !== undefined) used.add(allowance)
    return allowance === undefined
  })
  const idle = [...byFile].flatMap(([file, allowances]) =>
    allowances
      .filter((allowance) => !used.has(allowance))
      .map(
        ({ rule, line }): Finding => ({ rule: 'idle-allowance', severity: 'error', file, line, message: `Nothing here breaks "${rule}".` }),
      ),
  )
  return [...kept, ...idle]
}
