/** Errors of clients and servers → coded errors that say what to do. The client's own error stays as the cause. */
import { type ErrorCode, QuarterjackError } from '@quarterjack/core/store'

/** Where an error happened. */
export interface ErrorPlace {
  /** The store's name. */
  readonly store: string
  readonly schema: string
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

/** Errors of ours as they are; everything else with a code, the server's or client's words, and the remedy. */
export function codedError(error: unknown, place: ErrorPlace): QuarterjackError {
  if (QuarterjackError.isInstance(error)) return error
  const sign = codeOf(error)
  const { remedy, code = 'StoreUnavailable', serverWide = false } = adviceFor(sign, messageOf(error), place)
  const shown = sign === null ? '' : ` (${sign})`
  return new QuarterjackError(
    code,
    `store "${place.store}": ${place.what} failed: ${sentence(messageOf(error))}${shown}. ${remedy.replace('{after}', afterwards(place.what))}`.trim(),
    { cause: error, serverWide },
  )
}

function adviceFor(sign: string | null, message: string, place: ErrorPlace): Advice {
  const bySign = sign === null ? undefined : (BY_SIGN[sign] ?? BY_CLASS[sign.slice(0, 2)])
  const found = (UNENCRYPTED.test(message) ? demandsTls : bySign) ?? BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1]
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
const login = advice('Check the user and password that the client was given, and pg_hba.conf of the server.')
// A balancer that has nobody behind it accepts connections and closes them: to clients, that is no refusal.
const cut = advice(
  'The server or something between closed the connection. If none lasts: check host and port, and what stands between. {after}',
)
const certificate = advice('The certificate of the server is not trusted: give its CA in the client\'s "ssl" option.')
const hostName = advice(
  'The certificate of the server is for another host name: connect by a name that it lists, or set "servername" in the client\'s "ssl" option.',
)
const noSchema = ({ schema, what }: ErrorPlace): Advice => ({
  // Under a store that was opened, it may come back (a restore, a migration by hand): work goes on then.
  code: what === 'open' ? 'SchemaMissing' : 'StoreUnavailable',
  serverWide: true,
  remedy: `The schema "${schema}" is not there as this version needs it: call open() of a store with migrate: true once, or let an administrator run the text of schemaSql({ schema: '${schema}' }).`,
})

/** What pg_hba.conf says to a connection in clear. */
const UNENCRYPTED = /pg_hba\.conf.*no encryption/
const demandsTls = advice('The server may want TLS for this user: set the "ssl" option of the client, or check pg_hba.conf.')

/** By SQLSTATE, or by the code of a socket or client. */
const BY_SIGN: Readonly<Record<string, (place: ErrorPlace) => Advice>> = {
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOENT: unreachable,
  ETIMEDOUT: unreachable,
  CONNECT_TIMEOUT: unreachable,
  ECONNRESET: cut,
  EPIPE: cut,
  CONNECTION_CLOSED: cut,
  CONNECTION_DESTROYED: advice('The client was ended. End it after the last scheduler stopped and the store was closed.'),
  CONNECTION_ENDED: advice('The client was ended. End it after the last scheduler stopped and the store was closed.'),
  DEPTH_ZERO_SELF_SIGNED_CERT: certificate,
  SELF_SIGNED_CERT_IN_CHAIN: certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificate,
  CERT_HAS_EXPIRED: advice('The certificate of the server has expired: renew it, and check the clock of this machine.'),
  ERR_TLS_CERT_ALTNAME_INVALID: hostName,
  '28000': login,
  '28P01': login,
  '3D000': advice("Create the database, or correct its name in the client's options."),
  '3F000': noSchema,
  '42P01': noSchema,
  '42883': noSchema,
  '42703': noSchema,
  '42501': ({ schema }) => ({
    serverWide: true,
    remedy: `The database user lacks a privilege. It needs CREATE on the database to make the schema itself, or, with migrate: false, USAGE on schema "${schema}", SELECT, INSERT, UPDATE, DELETE on its tables, USAGE on its sequences and EXECUTE on its functions.`,
  }),
  '42P07': ({ schema }) => ({
    code: 'InvalidOption',
    remedy: `The schema "${schema}" holds something of that name that is not the store's. Give the store a schema of its own with the option "schema".`,
  }),
  '25006': state('The server only takes reads: it is a standby, or default_transaction_read_only is on. Connect to the primary.'),
  '25P02': advice('The transaction had failed before. Roll it back.'),
  '53100': state('The disk of the server is full. Free some; nothing was written.'),
  '53200': state('The server is out of memory. Nothing was written. {after}'),
  '53300': state('The server has no connection left: lower "max" of the pools, raise max_connections, or put a pooler in between.'),
  '57014': advice(
    'The server ended the statement (statement_timeout, or somebody cancelled it); nothing was written. Raise statement_timeout for this user.',
  ),
  '55P03': advice('A lock was not free within lock_timeout; nothing was written. {after}'),
  '40P01': advice('Two transactions waited for each other and the server ended this one; nothing was written. {after}'),
  '40001': advice('The transaction collided with another; nothing was written. {after}'),
  '57P01': cut,
  '57P02': cut,
  '57P03': state('The server is starting up or shutting down. {after}'),
  '0A000': advice('The server, or the pooler before it, does not support this.'),
}

const bug = advice('This should not happen: please report it, with its cause.')

/** By the class of a SQLSTATE. */
const BY_CLASS: Readonly<Record<string, (place: ErrorPlace) => Advice>> = {
  '08': cut,
  '22': bug,
  '23': bug,
  '42': bug,
  '53': state('The server lacks a resource. {after}'),
  '54': bug,
  '57': cut,
  '58': advice('The server failed. See its log.'),
  P0: bug,
  XX: advice('The server failed. See its log.'),
}

/** Clients that give no code. */
const BY_MESSAGE: readonly (readonly [RegExp, (place: ErrorPlace) => Advice])[] = [
  [
    /after calling end on the pool|pool is ending|PGlite is clos/i,
    advice('The client was ended. End it after the last scheduler stopped and the store was closed.'),
  ],
  [
    /no connection of the pool became free|timeout exceeded when trying to connect/i,
    advice('All connections of the pool are in use, or none can be made: raise its "max", or hold connections for less long.'),
  ],
  [/read timeout|no answer within/i, advice('It may still take effect.', 'StoreTimedOut')],
  [/terminated|connection ended|not queryable|was closed|connection timeout/i, cut],
  [/password must be a string|no password/i, advice('The server asks for a password: give the client one.')],
  [/does not support SSL|SSL/, advice('Check the "ssl" option of the client against what the server offers.')],
]

/** The SQLSTATE, or what the socket or client calls it. */
function codeOf(error: unknown): string | null {
  const own = field(error, 'code')
  if (typeof own === 'string') return own
  const first = innerErrors(error)
    .map((inner) => field(inner, 'code'))
    .find((code) => typeof code === 'string')
  return typeof first === 'string' ? first : null
}

/** Connecting to a name with several addresses fails with an error that holds the real ones, and says nothing itself. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : typeof error === 'string' ? error : String(field(error, 'message') ?? error)
  if (message !== '') return message
  return (
    [...new Set(innerErrors(error).map((inner) => (inner instanceof Error ? inner.message : String(inner))))].join('; ') || 'unknown error'
  )
}

function innerErrors(error: unknown): readonly unknown[] {
  const errors = field(error, 'errors')
  return Array.isArray(errors) ? errors : []
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function sentence(message: string): string {
  return message.replace(/[.\s]+$/, '')
}
