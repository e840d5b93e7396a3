/** From the words of a command to the request that it makes. */
import { type CommandRequest, emptyRequest, secondsOf } from './command.ts'
import { curlFlags } from './curl.ts'
import { type FlockReading, readFlock } from './flock.ts'
import { readFlags } from './read-flags.ts'
import { splitWords } from './split-words.ts'
import { plain } from './template.ts'
import { wgetFlags } from './wget.ts'

/** The request, and the variables that the command set for itself; or what is in the way. */
export type CommandReading =
  | { readonly request: CommandRequest; readonly assigned: Readonly<Record<string, string>>; readonly problem?: undefined }
  | { readonly problem: string }

/** Never throws. */
export function readCommand(command: string): CommandReading {
  const split = splitWords(command)
  if (split.problem !== undefined) return split
  const words = [...split.words]
  const assigned: Record<string, string> = {}
  const notes: string[] = []
  let limitMs: number | null = null
  let held: Extract<FlockReading, { lock: string }> | null = null
  for (;;) {
    const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(words[0] ?? '')
    if (assignment !== null) assigned[assignment[1] ?? ''] = assignment[2] ?? ''
    else if (words[0] === 'timeout' && secondsOf(words[1] ?? '') !== null) limitMs = secondsOf(words.splice(1, 1)[0] ?? '')
    else if (/^(?:\/[\w/.-]*\/)?flock$/.test(words[0] ?? '')) {
      const flock = readFlock(words)
      if ('problem' in flock) return flock
      held = flock
      words.splice(1, flock.words - 1)
    } else if (
      (isFetcher(words[1]) || words[1] === 'flock' || words[1] === 'timeout') &&
      !isFetcher(words[0]) &&
      /^[a-z_][a-z0-9_-]*$/.test(words[0] ?? '')
    ) {
      notes.push(`"${words[0]}" was taken for the user of a system crontab; the job runs as the service does.`)
    } else break
    words.shift()
  }
  const [program = '', ...rest] = words
  if (!isFetcher(program))
    return { problem: `it does not run curl or wget, but "${plain(program).slice(0, 40)}". Write a job of your own for it` }
  const request = emptyRequest()
  request.notes.push(...notes, ...(held?.notes ?? []))
  request.overlap = held?.overlap ?? null
  request.lock = held?.lock ?? null
  const isCurl = program.endsWith('curl')
  const reading = readFlags(rest, isCurl ? curlFlags(request) : wgetFlags(request))
  if ('problem' in reading) return reading
  const problem = takeAddress(request, reading.rest)
  if (problem !== null) return { problem }
  request.timeoutMs ??= limitMs
  if (isCurl && !request.failsOnStatus) request.notes.push('Without -f curl took every answer for good; here only 2xx is.')
  return { request, assigned }
}

function isFetcher(word: string | undefined): boolean {
  return /^(?:\/[\w/.-]*\/)?(?:curl|wget)$/.test(word ?? '')
}

function takeAddress(request: CommandRequest, rest: readonly string[]): string | null {
  const all = request.url === '' ? rest : [request.url, ...rest]
  if (all.length === 0) return 'there is no address'
  if (all.length > 1) return 'there are several addresses. Give each a line of its own'
  const address = all[0] ?? ''
  // Both take a bare host for http.
  request.url = /^(?:[a-z][a-z0-9+.-]*:|\uE000)/i.test(address) ? address : `http://${address}`
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(request.url) && !/^https?:/i.test(request.url)) return 'its address is not http or https'
  if (/^[a-z]+:\/\/[^/]*@/i.test(request.url)) return 'its address holds credentials. Write them as -u "name:password"'
  return null
}
