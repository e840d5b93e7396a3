/** A payload schema that lets everything through: typed, and as cheap as none. */

export interface Anything<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: 'bench'
    readonly validate: (value: unknown) => { readonly value: T }
    readonly types?: { readonly input: T; readonly output: T }
  }
}

export function anything<T>(): Anything<T> {
  return { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value: value as T }) } }
}
