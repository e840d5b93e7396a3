/** Texts of a crontab with variables in them, which get their values when they are used. */

// Of the private use area: no crontab has them, and what has is cleaned first.
const OPEN = '\uE000'
const CLOSE = '\uE001'
const VARIABLE = /\uE000([^\uE001]*)\uE001/g

/** Values by name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** The text for a variable within a template. */
export function variable(name: string): string {
  return OPEN + name + CLOSE
}

/** A text that can hold no variable by accident. */
export function plain(text: string): string {
  return text.replace(/[\uE000\uE001]/g, '\uFFFD')
}

/** The template as its crontab wrote it. */
export function shownTemplate(template: string): string {
  return template.replace(VARIABLE, '$$$1')
}

/** Names of its variables, each once. */
export function variablesOf(template: string): readonly string[] {
  return [...new Set([...template.matchAll(VARIABLE)].map((match) => match[1] ?? ''))]
}

/**
 * With values put in: those of the crontab, which may stand on the environment, else those of the environment. A variable
 * without a value is empty, as in a shell.
 */
export function expand(template: string, own: Variables, environment: Variables): string {
  return template.replace(VARIABLE, (_, name: string) => {
    const value = own[name]
    return value === undefined ? (environment[name] ?? '') : expand(value, {}, environment)
  })
}
