/** Options of `createHandler`. */
import type { Clock, Duration, Logger } from '@quarterjack/core'
import type { HealthShape } from '../health/shape.ts'
import type { CollectedMetrics } from '../metrics/collect-metrics.ts'
import type { Authorize } from '../security/authorize.ts'
import type { WorkersOptions } from '../workers/options.ts'

/** Options of `createHandler`; what is left out has the default of {@link HANDLER_DEFAULTS}. */
export interface HandlerOptions {
  /** The whole path in front of `/health` and the others, also where a framework mounts the handler. Default `''`. */
  readonly basePath?: string | undefined
  /** Who may read and write. Without it everything but `/live`, `/ready`, the status of `/health` and the worker endpoints is closed. */
  readonly authorize?: Authorize | undefined
  /** The endpoints for an external cron; closed without. */
  readonly workers?: WorkersOptions | undefined
  readonly health?:
    | {
        /** Default `'/health'`. */
        readonly path?: string | undefined
        /** What `/health` and `/health/:job` answer with, to everybody, instead of the status or the snapshot. */
        readonly shape?: HealthShape | undefined
        /** How long a snapshot serves everybody who asks, metrics included. Default `'1s'`. */
        readonly cacheFor?: Duration | undefined
      }
    | undefined
  /** What `collectMetrics` made: served as `/metrics`. */
  readonly metrics?: CollectedMetrics | undefined
  readonly limits?:
    | {
        /** Most bytes of a body. Default 524,288. */
        readonly body?: number | undefined
        /** Most bytes of all headers. Default 16,384. */
        readonly headers?: number | undefined
        /** How long a body may take to arrive. Default `'10s'`. */
        readonly bodyTimeout?: Duration | undefined
        /** The longest `?wait=`. Default `'60s'`. */
        readonly wait?: Duration | undefined
        /** Requests that wait for a run at the same time; more are answered without waiting. Default 100. */
        readonly waiting?: number | undefined
      }
    | undefined
  /** How often one client may fail to be authorised before it is answered 429. Default 20 per minute. */
  readonly failures?: { readonly max?: number | undefined; readonly per?: Duration | undefined } | undefined
  /**
   * Who a client is, for `failures`: behind a proxy, what its header says. Default: the address of the socket, which
   * `toNodeListener` knows; clients without any share a bound ten times as high.
   */
  readonly client?: ((request: Request) => string) | undefined
  /** A line per request, at `info`, and at `warn` where it was refused. Default `'text'`: warnings and errors. */
  readonly logger?: Logger | 'text' | 'json' | false | undefined
  /** For tests. */
  readonly clock?: Clock | undefined
}

/** Every default of a handler, in one place; tabled in `docs/http-handler.md`. */
export const HANDLER_DEFAULTS = {
  basePath: '',
  healthPath: '/health',
  cacheFor: '1s',
  maxBody: 524_288,
  maxHeaders: 16_384,
  bodyTimeout: '10s',
  wait: '60s',
  waiting: 100,
  failures: 20,
  failuresPer: '1m',
  logger: 'text',
} as const
