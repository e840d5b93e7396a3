/** The flags of curl that crontabs use. */
import {
  bare,
  type CommandRequest,
  IGNORED_BARE,
  IGNORED_VALUED,
  takeHeader,
  takeRetries,
  takeTimeout,
  takeUser,
  valued,
} from './command.ts'
import type { Flag, FlagTable } from './read-flags.ts'

const NO_INSECURE = 'certificates are always checked here. Give the target an agent that trusts the authority'
const NO_FILE = 'files are not sent. Write a job of your own for it'

/** The table that fills `request`. */
export function curlFlags(request: CommandRequest): FlagTable {
  const data = (value: string): string | undefined => (value.startsWith('@') ? NO_FILE : void request.data.push(value))
  const follow = bare(() => {
    request.followsRedirects = true
  })
  const fail = bare(() => {
    request.failsOnStatus = true
  })
  const header = (name: string): Flag => valued((value) => void request.headers.set(name, value))
  request.failsOnStatus = false
  const flags: readonly (readonly [names: string, flag: Flag])[] = [
    [
      '-X --request',
      valued((value) => {
        request.method = value.toUpperCase()
      }),
    ],
    ['-H --header', valued((value) => takeHeader(request, value))],
    ['-d --data --data-ascii --data-binary', valued(data)],
    ['--data-raw', valued((value) => void request.data.push(value))],
    ['--data-urlencode', valued((value) => takeEncoded(request, value))],
    [
      '--json',
      valued((value) => {
        request.isJson = true
        return data(value)
      }),
    ],
    ['-u --user', valued((value) => takeUser(request, value))],
    ['--oauth2-bearer', valued((value) => void request.headers.set('authorization', `Bearer ${value}`))],
    ['-A --user-agent', header('user-agent')],
    ['-e --referer', header('referer')],
    ['-b --cookie', valued((value) => (value.includes('=') ? void request.headers.set('cookie', value) : NO_FILE))],
    ['-m --max-time', valued((value) => takeTimeout(request, value))],
    ['--retry', valued((value) => takeRetries(request, value, 0))],
    [
      '--url',
      valued((value) => {
        request.url = value
      }),
    ],
    ['-L --location', follow],
    ['-f --fail --fail-with-body', fail],
    [
      '-G --get',
      bare(() => {
        request.isDataQuery = true
      }),
    ],
    [
      '-I --head',
      bare(() => {
        request.method = 'HEAD'
      }),
    ],
    ['-k --insecure', bare(() => NO_INSECURE)],
    ['-F --form -T --upload-file -K --config', valued(() => NO_FILE)],
    [
      '-s --silent -S --show-error -v --verbose -i --include -N --no-buffer -# --progress-bar --no-progress-meter --compressed -4 --ipv4 -6 --ipv6 -O --remote-name --http1.1 --http2 --retry-all-errors --retry-connrefused -g --globoff',
      IGNORED_BARE,
    ],
    ['-o --output -w --write-out --connect-timeout --retry-delay --retry-max-time --stderr --max-redirs', IGNORED_VALUED],
  ]
  return new Map(flags.flatMap(([names, flag]) => names.split(' ').map((name) => [name, flag] as const)))
}

function takeEncoded(request: CommandRequest, value: string): string | undefined {
  const equals = value.indexOf('=')
  if (value.includes('@') && equals < 0) return NO_FILE
  if (/\uE000/.test(value)) return 'a variable is not encoded here. Write a job of your own for it'
  const name = equals <= 0 ? '' : `${value.slice(0, equals)}=`
  request.data.push(name + encodeURIComponent(value.slice(equals + 1)))
  return undefined
}
