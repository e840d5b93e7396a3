/** One line of a crontab: nothing, a variable, or a schedule and a command. */
import { plain } from './template.ts'

/** A line, taken apart. */
export type LineParts =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'variable'; readonly name: string; readonly value: string }
  | { readonly kind: 'entry'; readonly expression: string; readonly command: string }
  | { readonly kind: 'problem'; readonly problem: string }

/** Never throws. */
export function readLine(text: string): LineParts {
  const line = plain(text.trim())
  if (line === '' || line.startsWith('#')) return { kind: 'nothing' }
  const assignment = /^([A-Za-z_]\w*)\s*=\s*(.*)$/s.exec(line)
  if (assignment !== null) return { kind: 'variable', name: assignment[1] ?? '', value: unquoted(assignment[2] ?? '') }
  const entry = /^(@\S+|(?:\S+\s+){4}\S+)\s+(.+)$/s.exec(line)
  if (entry === null) return { kind: 'problem', problem: 'it is neither a variable nor five fields (or @daily and the like) and a command' }
  const [, expression = '', command = ''] = entry
  if (expression.toLowerCase() === '@reboot') {
    return { kind: 'problem', problem: '@reboot is no schedule. Write a job with runOnStart: true' }
  }
  if (/(?<!\\)%/.test(command)) {
    return { kind: 'problem', problem: 'cron ends the command at an unescaped %. Write \\%' }
  }
  return { kind: 'entry', expression: expression.replace(/\s+/g, ' '), command: command.replaceAll('\\%', '%') }
}

function unquoted(value: string): string {
  const quoted = /^(["'])(.*)\1$/s.exec(value.trim())
  return quoted?.[2] ?? value.trim()
}
