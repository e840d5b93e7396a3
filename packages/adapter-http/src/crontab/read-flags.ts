/** Reads the flags of a command by a table. */

/** What a flag does: whether a value follows, and what to do with it. */
export interface Flag {
  readonly takesValue: boolean
  /** Answers with a problem, or nothing. */
  readonly apply: (value: string) => string | undefined
}

/** Flags by name, dashes included. */
export type FlagTable = ReadonlyMap<string, Flag>

/** The words that are no flags, or what could not be read. */
export type FlagReading = { readonly rest: readonly string[] } | { readonly problem: string }

/** Long flags as `--name value` and `--name=value`; short ones in groups, with a value that follows at once or as the next word. */
export function readFlags(words: readonly string[], table: FlagTable): FlagReading {
  const rest: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') return { rest: [...rest, ...words.slice(at + 1)] }
    if (!word.startsWith('-') || word === '-') {
      rest.push(word)
      continue
    }
    for (const { name, attached } of namesIn(word, table)) {
      const flag = table.get(name)
      if (flag === undefined) return { problem: `the flag ${name.slice(0, 40)} is not known here` }
      if (flag.takesValue && attached === null) at += 1
      const value = flag.takesValue ? (attached ?? words[at]) : ''
      if (value === undefined) return { problem: `the flag ${name} lacks its value` }
      const problem = flag.apply(value)
      if (problem !== undefined) return { problem: `${name}: ${problem}` }
    }
  }
  return { rest }
}

interface Named {
  readonly name: string
  readonly attached: string | null
}

function namesIn(word: string, table: FlagTable): readonly Named[] {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=')
    return [equals < 0 ? { name: word, attached: null } : { name: word.slice(0, equals), attached: word.slice(equals + 1) }]
  }
  // Wget has short ones of two letters.
  if (table.has(word)) return [{ name: word, attached: null }]
  const names: Named[] = []
  for (let at = 1; at < word.length; at += 1) {
    const name = `-${word[at]}`
    const after = word.slice(at + 1)
    const takesValue = table.get(name)?.takesValue === true
    names.push({ name, attached: takesValue && after !== '' ? after : null })
    if (takesValue || !table.has(name)) break
  }
  return names
}
