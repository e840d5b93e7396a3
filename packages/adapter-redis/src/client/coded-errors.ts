/** Errors of clients, servers and scripts → coded errors that say what to do. The client's own error stays as the cause. */
import { type ErrorCode, QuarterjackError } from '@quarterjack/core/store'
import { aclRules } from './privileges.ts'

/** Where an error happened. */
export interface ErrorPlace {
  /** The store's name. */
  readonly store: string
  readonly prefix: string
  /** `runs.claim`, `open`, … */
  readonly what: string
}

/** What becomes of it then: a store that was not opened is not asked again by itself. Stands for `{after}` in a remedy. */
const afterwards = (what: string): string =>
  what === 'open' ? 'Then call start() again, or whatever asked for the store.' : 'The scheduler goes on by itself.'

/** What to do, and under which code; `StoreUnavailable` unless said otherwise. */
interface Advice {
  readonly remedy: string
  readonly code?: ErrorCode
  /** The state of the server is the reason: it refuses whatever is written. Not so where a smaller or another write may pass. */
  readonly serverWide?: boolean
}

/** Errors of ours as they are; what scripts refuse with its code; everything else with the words of server or client, and the remedy. */
export function codedError(error: unknown, place: ErrorPlace): QuarterjackError {
  if (QuarterjackError.isInstance(error)) return error
  const refusal = refusalOf(error)
  if (refusal !== null) return new QuarterjackError(refusal.code, `store "${place.store}": ${refusal.message}`, { cause: error })
  const sign = signOf(error)
  const message = messageOf(error)
  const { remedy, code = 'StoreUnavailable', serverWide = false } = adviceFor(sign, message, place)
  const words = message.replace(/[.\s]+$/, '')
  const shown = sign === null || words.includes(sign) ? '' : ` (${sign})`
  return new QuarterjackError(
    code,
    `store "${place.store}": ${place.what} failed: ${words}${shown}. ${remedy.replace('{after}', afterwards(place.what))}`,
    {
      cause: error,
      serverWide,
    },
  )
}

/** The server answered, and would not do it for this user, or does not have it: what is optional can go without. */
export function isRefused(error: unknown): boolean {
  const sign = signOf(QuarterjackError.isInstance(error) ? error.cause : error)
  return sign === 'NOPERM' || sign === 'ERR'
}

/** Codes that scripts refuse with: `QJ <code> <message>`. */
const CODES_OF_SCRIPTS: ReadonlySet<string> = new Set<ErrorCode>([
  'InvalidOption',
  'InvalidQuery',
  'JobInUse',
  'SchemaMissing',
  'SchemaNewer',
  'StaleLease',
  'StoreUnavailable',
  'StoreUnsupported',
  'UnknownJob',
  'UnknownRun',
  'UnknownSchedule',
])

function refusalOf(error: unknown): { readonly code: ErrorCode; readonly message: string } | null {
  const [, code = '', message = ''] = /^QJ (\w+) (.*?)(?: script: [0-9a-f]{40}, on @user_script:\d+\.)?$/s.exec(messageOf(error)) ?? []
  return CODES_OF_SCRIPTS.has(code) ? { code: code as ErrorCode, message } : null
}

function adviceFor(sign: string | null, message: string, place: ErrorPlace): Advice {
  const bySign = sign === null ? undefined : BY_SIGN[sign]
  const found = bySign ?? BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1]
  return found?.(place) ?? { remedy: '{after}' }
}

const advice =
  (remedy: string, code?: ErrorCode): ((place: ErrorPlace) => Advice) =>
  () =>
    code === undefined ? { remedy } : { remedy, code }

const state =
  (remedy: string): ((place: ErrorPlace) => Advice) =>
  () => ({ remedy, serverWide: true })

const unreachable = advice('Check host and port, and that the server runs and can be reached from here. {after}')
const login = state('Check the user and password that the client was given, and the ACL of the server.')
const cut = advice('The connection was lost. It may have taken effect. {after}')
const ended = advice(
  'The client is not connected. With "redis", await client.connect() first; end it after the last scheduler stopped and the store was closed.',
)
const certificate = advice("The certificate of the server is not trusted: give its CA in the client's TLS options.")
const busy = advice('The server is busy with a script that takes too long. See its log. {after}')
const starting = state('The server is loading its data, or is not in touch with its primary. {after}')
const moving = advice('The cluster is moving slots or electing. {after}')
const noCluster = advice('Keys of the store lie on another node: give the store a cluster client (createCluster, or new Cluster).')
const bug = advice('This should not happen: please report it, with its cause.')
const noPermission = ({ prefix }: ErrorPlace): Advice => ({
  serverWide: true,
  remedy: `The Redis user lacks a permission. Let an administrator run: ACL SETUSER <user> ${aclRules(prefix)}`,
})

/** By the word that a server's error begins with, or by the code of a socket. */
const BY_SIGN: Readonly<Record<string, (place: ErrorPlace) => Advice>> = {
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOENT: unreachable,
  ETIMEDOUT: unreachable,
  ECONNRESET: cut,
  EPIPE: cut,
  DEPTH_ZERO_SELF_SIGNED_CERT: certificate,
  SELF_SIGNED_CERT_IN_CHAIN: certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificate,
  CERT_HAS_EXPIRED: advice('The certificate of the server has expired: renew it, and check the clock of this machine.'),
  ERR_TLS_CERT_ALTNAME_INVALID: advice(
    'The certificate of the server is for another host name: connect by a name that it lists, or set "servername" in the TLS options.',
  ),
  WRONGPASS: login,
  NOAUTH: login,
  NOPERM: noPermission,
  DENIED: advice('The server is in protected mode: set a password, or "bind" and "protected-mode" in its configuration.'),
  OOM: state('The server has reached "maxmemory"; nothing was written. Raise it, or free memory. {after}'),
  READONLY: state('The server only takes reads: it is a replica. Connect to the primary, by way of Sentinel or Cluster where it changes.'),
  MISCONF: state('The server cannot save to disk and takes no writes until it can: see its log, free space, check its permissions.'),
  LOADING: starting,
  MASTERDOWN: starting,
  BUSY: busy,
  NOREPLICAS: state('Fewer replicas are connected than "min-replicas-to-write" asks for; nothing was written. Check the replicas.'),
  CROSSSLOT: bug,
  MOVED: noCluster,
  ASK: noCluster,
  TRYAGAIN: moving,
  CLUSTERDOWN: state('The cluster has no node for these keys: check "cluster info". {after}'),
  NOSCRIPT: advice('The server forgets scripts as soon as it is given them. {after}'),
  WRONGTYPE: ({ prefix }) => ({
    code: 'InvalidOption',
    remedy: `Keys that begin with "{${prefix}}:" hold something that is not the store's. Give the store a prefix of its own with the option "prefix".`,
  }),
  QJ: bug,
}

/** What has no sign that tells. */
const BY_MESSAGE: readonly (readonly [RegExp, (place: ErrorPlace) => Advice])[] = [
  [/^no answer within|command timed out/i, advice('It may still take effect.', 'StoreTimedOut')],
  [
    /unknown (?:redis )?command/i,
    advice('The server, or what is before it, does not have this command. Use Redis 6.2 or Valkey, or later.', 'StoreUnsupported'),
  ],
  [/executing the script can't/i, noPermission],
  [
    /cluster support disabled/i,
    advice('The server is no cluster: give the store a client for a single server (createClient, or new Redis).'),
  ],
  [
    /SUBSCRIBE .*allowed in this context|subscriber mode/,
    advice('The client is subscribed, and takes no other commands. Give the store one that does not subscribe: client.duplicate().'),
  ],
  [/monitoring mode/i, advice('The client monitors, and takes no other commands. Give the store one of its own: client.duplicate().')],
  [/max number of clients/i, advice('The server has no connection left: raise "maxclients", or connect fewer clients.')],
  [/script killed/i, advice('An administrator ended the script; nothing was written. {after}')],
  [/sent AUTH|called without any password|invalid username-password/i, login],
  [/client is closed|client was closed|connection is closed|disconnects client|cluster closed/i, ended],
  [/socket closed|connection was closed|command aborted|connection timeout/i, cut],
  [/no connection|max retries per request|isn't writeable|isn't ready|client is offline/i, unreachable],
  [/root nodes are unavailable|none of startup nodes|refresh slots cache|sentinels are unreachable/i, unreachable],
  [/too many cluster redirections/i, moving],
  [/timeout waiting for a client/i, advice('All connections of the pool are in use: raise its "maximum", or hold them for less long.')],
  [/queue is full/i, advice('The client has too many commands under way: raise its "commandsQueueMaxLength".')],
  [/user_script|compiling script/i, bug],
]

/** Within a script: what older servers say before the error itself. */
const IN_SCRIPT = /user_script: ?\d+: ?-?([A-Z]{2,})\b/

/** What a server's error begins with, or what the socket or client calls it; of what lies behind it, if it says nothing itself. */
function signOf(error: unknown): string | null {
  const code = field(error, 'code')
  if (typeof code === 'string') return code
  const message = ownMessage(error)
  const word = IN_SCRIPT.exec(message)?.[1] ?? /^-?([A-Z]{2,})(?=\s|$)/.exec(message)?.[1]
  if (word !== undefined) return word
  for (const inner of innerErrors(error)) {
    const found = signOf(inner)
    if (found !== null) return found
  }
  return null
}

/** Connecting to a name with several addresses fails with an error that holds the real ones, and says nothing itself. */
function messageOf(error: unknown): string {
  const own = ownMessage(error)
  if (own !== '') return own
  return [...new Set(innerErrors(error).map(ownMessage))].filter((message) => message !== '').join('; ') || 'unknown error'
}

function ownMessage(error: unknown): string {
  return error instanceof Error ? error.message : typeof error === 'string' ? error : String(field(error, 'message') ?? error)
}

/** Behind an error: of each address, of the last node of a cluster, of the socket, or what we put there. */
function innerErrors(error: unknown): readonly unknown[] {
  const errors = field(error, 'errors')
  const others = ['cause', 'lastNodeError', 'socketError', 'originalError'].map((name) => field(error, name))
  return [
    ...(Array.isArray(errors) ? (errors as readonly unknown[]) : []),
    ...others.filter((other) => other !== undefined && other !== null),
  ]
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
