/** How a run is told to end. Most handlers never look at their signal, so it is made when one does. */

export class RunAbort {
  #controller: AbortController | null = null
  #cause: { readonly reason: unknown } | null = null
  #listener: (() => void) | null = null

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#cause !== null) this.#controller.abort(this.#cause.reason)
    }
    return this.#controller.signal
  }

  get aborted(): boolean {
    return this.#cause !== null
  }

  /** Null while it is not aborted. */
  get reason(): unknown {
    return this.#cause === null ? null : this.#cause.reason
  }

  /** The first reason stays. */
  abort(reason: unknown): void {
    if (this.#cause !== null) return
    this.#cause = { reason }
    // The engine before the handler, as listeners are told in the order in which they came.
    this.#listener?.()
    this.#controller?.abort(reason)
  }

  throwIfAborted(): void {
    if (this.#cause !== null) throw this.#cause.reason
  }

  /** Calls back when it is aborted, or at once if it was; only the last listener is kept, null for none. */
  listen(listener: (() => void) | null): void {
    this.#listener = listener
    if (this.#cause !== null) listener?.()
  }
}
