/** What a client's seam throws when the server took everything back at COMMIT, because a statement had failed and the work went on. */
export class TakenBack extends Error {
  constructor() {
    super('a statement had failed')
  }
}
