/** What work on a connection throws when the connection cannot be used again, whatever its error looks like. */
export class Unusable extends Error {
  constructor(cause: unknown) {
    super('the connection cannot be used again', { cause })
  }
}
