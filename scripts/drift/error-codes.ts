/** Error codes ⇄ headings of `docs/errors.md`. */
import { ERROR_CODES } from '../../packages/core/src/errors/error-code.ts'
import type { Finding } from '../findings.ts'
import { compareNames } from './compare-names.ts'

/** Each code has a heading of its own; each heading of one capitalised compound word is a code. */
export function compareErrorCodes(): readonly Finding[] {
  return compareNames({
    what: 'error code',
    page: 'docs/errors.md',
    defined: ERROR_CODES,
    form: 'a heading "### `InvalidCron`"',
    describedIn: (page) =>
      page.headings
        .filter((heading) => heading.level > 1 && /^[A-Z][a-z]+(?:[A-Z][a-z]+)+$/.test(heading.text))
        .map((heading) => ({ name: heading.text, line: heading.line })),
  })
}
