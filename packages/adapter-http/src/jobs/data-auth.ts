/** Credentials as plain data: a text, or the name of a variable of the environment. */
import type { HttpAuth } from '../target/options.ts'

/** A secret, or where to read it at each call. */
export type DataSecret = string | { readonly env: string } | (() => string | Promise<string>)

/** Credentials as data. */
export type DataAuth =
  | { readonly bearer: DataSecret }
  | { readonly basic: { readonly username: DataSecret; readonly password: DataSecret } }
  | { readonly apiKey: DataSecret; readonly header?: string | undefined }

/** The credentials of a target. */
export function dataAuth(auth: DataAuth): HttpAuth {
  if ('bearer' in auth) return { bearer: read(auth.bearer) }
  if ('apiKey' in auth) return { apiKey: read(auth.apiKey), header: auth.header }
  return { basic: { username: read(auth.basic.username), password: read(auth.basic.password) } }
}

/** A variable that is not set gives an empty text, which no target sends. */
function read(secret: DataSecret): string | (() => string | Promise<string>) {
  return typeof secret === 'object' ? () => process.env[secret.env] ?? '' : secret
}
