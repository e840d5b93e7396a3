/** Names for jobs that had none. */
import { shownTemplate } from './template.ts'

/** Parts of paths that say nothing about what is done. */
const GENERIC = /^(?:api|v\d+|workers?|cron|jobs?|tasks?|internal|webhooks?|hooks?)$/i

/**
 * The path of an address, without the parts in front that most addresses have: `…/api/v1/workers/orchestration/batch` is
 * `orchestration-batch`. It looks at nothing else, so that a name stays when other lines come and go.
 */
export function jobNameOf(url: string): string {
  const path = shownTemplate(url)
    .replace(/[?#].*$/s, '')
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
  const [host = '', ...parts] = path.split('/').filter((part) => part !== '')
  const first = parts.findIndex((part) => !GENERIC.test(part))
  const telling = first < 0 ? parts.slice(-1) : parts.slice(first)
  const name = (telling.length === 0 ? host : telling.join('-')).replace(/[^A-Za-z0-9._:-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return name.slice(0, 120) || 'job'
}
