/** A duration as a part of options that are checked whole. */
import * as z from 'zod/mini'
import { parseDuration } from './duration.ts'

/** The schema of a duration of at least `leastMs`, with the words of {@link parseDuration}. */
export function durationOption(leastMs: number): z.ZodMiniType {
  return z.unknown().check((ctx) => {
    try {
      parseDuration(ctx.value, 'value', leastMs)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      ctx.issues.push({ code: 'custom', input: ctx.value, message: message.replace(/^value: /, '') })
    }
  })
}
