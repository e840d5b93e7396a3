/** Values as error messages show them: short, and of objects the names alone, for they may hold secrets. */

const MOST_CHARACTERS = 100
const MOST_NAMES = 5

/** A few words for any value; never throws. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > MOST_CHARACTERS
        ? `${JSON.stringify(value.slice(0, MOST_CHARACTERS))}… (${value.length} characters)`
        : JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : shownObject(value)
    default:
      return String(value)
  }
}

function shownObject(value: object): string {
  try {
    if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : `a Date (${value.toISOString()})`
    const kind: unknown = value.constructor?.name
    if (typeof kind === 'string' && kind !== '' && kind !== 'Object') return `an object of class ${kind.slice(0, MOST_CHARACTERS)}`
    const names = Object.keys(value).map((name) => name.slice(0, MOST_CHARACTERS))
    if (names.length === 0) return '{}'
    return `{ ${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ', …' : ''} }`
  } catch {
    return 'an object that cannot be read'
  }
}
