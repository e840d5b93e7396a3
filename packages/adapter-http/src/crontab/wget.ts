/** The flags of wget, GNU's and busybox', that crontabs use. */
import { bare, type CommandRequest, IGNORED_BARE, IGNORED_VALUED, takeHeader, takeRetries, takeTimeout, valued } from './command.ts'
import type { Flag, FlagTable } from './read-flags.ts'

/** The table that fills `request`. */
export function wgetFlags(request: CommandRequest): FlagTable {
  request.followsRedirects = true
  const flags: readonly (readonly [names: string, flag: Flag])[] = [
    ['--header', valued((value) => takeHeader(request, value))],
    ['--post-data --body-data', valued((value) => void request.data.push(value))],
    [
      '--method',
      valued((value) => {
        request.method = value.toUpperCase()
      }),
    ],
    [
      '--user --http-user',
      valued((value) => {
        request.username = value
      }),
    ],
    [
      '--password --http-password',
      valued((value) => {
        request.password = value
      }),
    ],
    ['-U --user-agent', valued((value) => void request.headers.set('user-agent', value))],
    ['--referer', valued((value) => void request.headers.set('referer', value))],
    ['-T --timeout', valued((value) => takeTimeout(request, value))],
    ['-t --tries', valued((value) => takeRetries(request, value, 1))],
    [
      '--max-redirect',
      valued((value) => {
        request.followsRedirects = value !== '0'
      }),
    ],
    [
      '--spider',
      bare(() => {
        request.method = 'HEAD'
      }),
    ],
    ['--no-check-certificate', bare(() => 'certificates are always checked here. Give the target an agent that trusts the authority')],
    ['--post-file --body-file -i --input-file', valued(() => 'files are not sent. Write a job of your own for it')],
    [
      '-q --quiet -nv --no-verbose -v --verbose -S --server-response -nd -c --no-cache --delete-after --auth-no-challenge --content-on-error --retry-connrefused -4 -6',
      IGNORED_BARE,
    ],
    [
      '-O --output-document -o --output-file -a --append-output -P --waitretry --wait --dns-timeout --connect-timeout --read-timeout',
      IGNORED_VALUED,
    ],
  ]
  return new Map(flags.flatMap(([names, flag]) => names.split(' ').map((name) => [name, flag] as const)))
}
