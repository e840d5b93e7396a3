/** The slot arithmetic of `schedule/`, as the audit asks for it: over stored texts. */
import { parseSpec } from '../schedule/resolve-spec.ts'
import { countBaseSlots, isExcluded, nextBaseSlot } from '../schedule/slots.ts'
import type { SlotArithmetic } from './slot-reader.ts'

/** The engine's own arithmetic: what fires and what is audited cannot disagree. */
export const specArithmetic: SlotArithmetic = {
  slotsOf(text, after, to, max) {
    const spec = parseSpec(text)
    const slots: number[] = []
    for (let slot = nextBaseSlot(spec, after); slot !== null && slot <= to && slots.length < max; slot = nextBaseSlot(spec, slot))
      slots.push(slot)
    return slots
  },
  countSlots: (text, after, to, maxSteps) => countBaseSlots(parseSpec(text), after, to, maxSteps),
  isExcluded: (text, slot) => isExcluded(parseSpec(text), [], slot),
}
