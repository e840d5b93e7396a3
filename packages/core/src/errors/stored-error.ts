/** An error as it is kept with a run: bounded text, no live objects. */
export interface StoredError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}
