/** Splits a command as a POSIX shell does, and refuses what only a shell could carry out. */
import { plain, variable } from './template.ts'

/** Words (with variables in them as templates), or what is in the way. */
export type Split =
  | { readonly words: readonly string[]; readonly isRedirected: boolean; readonly problem?: undefined }
  | { readonly problem: string }

class Refusal {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

/** Never throws. */
export function splitWords(command: string): Split {
  try {
    return split(plain(command))
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.problem }
    throw error
  }
}

interface Word {
  text: string
  isQuoted: boolean
}

function split(text: string): Split {
  const words: string[] = []
  let word: Word | null = null
  let isRedirected = false
  let isTarget = false
  let at = 0
  const end = (): void => {
    if (word === null) return
    if (!isTarget) words.push(word.text)
    isTarget = false
    word = null
  }
  const add = (part: string, isQuoted = false): void => {
    word = { text: (word?.text ?? '') + part, isQuoted: isQuoted || (word?.isQuoted ?? false) }
  }
  while (at < text.length) {
    const char = text[at] ?? ''
    const redirection = /^(?:&>>?|>>?(?:&(?=[\d-]))?)/.exec(text.slice(at))?.[0]
    if (/\s/.test(char)) end()
    else if (char === '#' && word === null) break
    else if (char === "'") {
      const close = text.indexOf("'", at + 1)
      if (close < 0) throw new Refusal("a ' is not closed")
      add(text.slice(at + 1, close), true)
      at = close
    } else if (char === '"') {
      const quoted = readDoubleQuoted(text, at + 1)
      add(quoted.text, true)
      at = quoted.end
    } else if (char === '\\') {
      add(text[at + 1] ?? '', true)
      at += 1
    } else if (char === '$' || char === '`') {
      const read = readDollar(text, at)
      add(read.text)
      at = read.end
    } else if (redirection !== undefined) {
      // Digits right before it name what is redirected.
      if (!/^\d+$/.test((word as Word | null)?.text ?? '') || (word as Word | null)?.isQuoted) end()
      word = null
      isRedirected = true
      isTarget = true
      at += redirection.length - 1
    } else if (char === '<') throw new Refusal('it reads a file (<)')
    else if (/[|;&()]/.test(char)) throw new Refusal(operatorProblem(char, word))
    else add(char)
    at += 1
  }
  end()
  if (isTarget) throw new Refusal('a > leads nowhere')
  return { words, isRedirected }
}

function operatorProblem(operator: string, before: Word | null): string {
  if (operator === '&' && before !== null && /^[a-z]+:\/\/|\?/i.test(before.text)) {
    return 'the & of the address is not in quotes, so that a shell ends the command there. Quote the address'
  }
  return `it runs more than one command (${operator}). Write a job of your own for it`
}

function readDoubleQuoted(text: string, from: number): { readonly text: string; readonly end: number } {
  let result = ''
  for (let at = from; at < text.length; at += 1) {
    const char = text[at] ?? ''
    if (char === '"') return { text: result, end: at }
    if (char === '\\' && /[$`"\\]/.test(text[at + 1] ?? '')) {
      result += text[at + 1]
      at += 1
    } else if (char === '$' || char === '`') {
      const read = readDollar(text, at)
      result += read.text
      at = read.end
    } else result += char
  }
  throw new Refusal('a " is not closed')
}

/** A variable, or a dollar that means itself; `end` is its last character. */
function readDollar(text: string, at: number): { readonly text: string; readonly end: number } {
  const rest = text.slice(at)
  if (rest.startsWith('`') || rest.startsWith('$(')) throw new Refusal('it puts in what another command prints')
  const match = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(rest)
  const name = match?.[1] ?? match?.[2]
  if (match !== null && name !== undefined) return { text: variable(name), end: at + match[0].length - 1 }
  if (rest.startsWith('${')) throw new Refusal('it works on a variable within braces. Write its plain name')
  if (/^\$[\d?$!@*#-]/.test(rest)) throw new Refusal(`it uses ${rest.slice(0, 2)}, which only a shell has`)
  return { text: '$', end: at }
}
