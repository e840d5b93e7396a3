/** What a check found, and how it is told. */
import { show } from './workspace.ts'

/** One thing that is wrong (`error`), or that deserves a look (`warning`). */
export interface Finding {
  readonly rule: string
  readonly severity: 'error' | 'warning'
  /** Absolute path. */
  readonly file: string
  /** From 1; 0 when the finding is about the whole file. */
  readonly line: number
  readonly message: string
}

/** `packages/core/src/x.ts:12  any  Use unknown and narrow.` */
export function formatFinding(finding: Finding): string {
  const place = finding.line > 0 ? `${show(finding.file)}:${finding.line}` : show(finding.file)
  return `${finding.severity === 'error' ? 'error  ' : 'warning'}  ${place}  [${finding.rule}] ${finding.message}`
}

/**
 * Prints findings, warnings first, then one closing line, and sets the exit code: 1 if there is an error.
 * The closing line is what `pnpm check` shows in its summary.
 */
export function conclude(findings: readonly Finding[], summary: string): void {
  const warnings = findings.filter((finding) => finding.severity === 'warning')
  const errors = findings.filter((finding) => finding.severity === 'error')
  for (const finding of [...warnings, ...errors]) console.log(formatFinding(finding))
  const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`
  const counts = [
    ...(errors.length > 0 ? [count(errors.length, 'error')] : []),
    ...(warnings.length > 0 ? [count(warnings.length, 'warning')] : []),
  ]
  console.log([summary, ...counts].join(', '))
  if (errors.length > 0) process.exitCode = 1
}
