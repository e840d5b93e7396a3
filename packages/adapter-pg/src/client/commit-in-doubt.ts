/** What a client's seam throws when COMMIT was asked and no answer came: the server may have committed, or not. */
export class CommitInDoubt extends Error {
  constructor(cause: unknown) {
    super('no answer to COMMIT came', { cause })
  }
}
