/** What to write instead of a zone that is none. */
import { closestName } from '../errors/closest-name.ts'

const OFFSET = /^(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?$/i

/** The remedy for a zone that is not known; asked only when there is an error to be written. */
export function meantZone(name: unknown): string {
  const remedy = 'Use an IANA name such as "Europe/Berlin" or "UTC".'
  if (typeof name !== 'string') return remedy
  const offset = OFFSET.exec(name.trim())
  if (offset !== null) return `An offset knows no summer time. ${remedy}${fixedZone(offset)}`
  const near = closestName(name, Intl.supportedValuesOf('timeZone'))
  return near === null ? remedy : `Did you mean "${near}"?`
}

/** `Etc/GMT-2` is two hours ahead of Greenwich: the sign is that of POSIX. */
function fixedZone([, sign, hours, minutes = '00']: RegExpExecArray): string {
  const whole = Number(hours)
  if (minutes !== '00' || whole === 0 || whole > (sign === '+' ? 14 : 12)) return ''
  return ` Where it never changes, "Etc/GMT${sign === '+' ? '-' : '+'}${whole}" is this offset.`
}
