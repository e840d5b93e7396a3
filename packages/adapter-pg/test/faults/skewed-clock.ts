/** Loaded before everything else: sets the wall clock of this process wrong, by as many ms as its own URL says. Timers stay right. */

const skewMs = Number(new URL(import.meta.url).searchParams.get('ms'))
const RealDate = Date

globalThis.Date = class extends RealDate {
  constructor(...given: [] | [number]) {
    if (given.length === 0) super(RealDate.now() + skewMs)
    else super(...given)
  }
  static override now(): number {
    return RealDate.now() + skewMs
  }
} as DateConstructor
