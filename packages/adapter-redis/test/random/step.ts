/** One call of a verb, the same for both stores. */
import type { Store } from '@quarterjack/core/store'

export interface Step {
  readonly verb: string
  /** As it was asked, for people. */
  readonly request: unknown
  act(store: Store): Promise<unknown>
  /** From the reply of the reference. */
  learn(reply: unknown): void
}

/** Typed by its verb. */
export function stepOf<Request, Reply>(
  verb: string,
  request: Request,
  act: (store: Store, request: Request) => Promise<Reply>,
  learn: (reply: Reply) => void = () => undefined,
): Step {
  return { verb, request, act: (store) => act(store, request), learn: (reply) => learn(reply as Reply) }
}
