/** What `ctx.skip()` throws to leave the handler. Not an error of the job. */
export class SkipSignal {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}
