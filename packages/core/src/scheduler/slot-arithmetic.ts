/** The arithmetic that an audit re-enumerates slots with: the very one that fires them. */
import type { SlotArithmetic } from '../health/slot-reader.ts'
import { parseSpec } from '../schedule/resolve-spec.ts'
import { countBaseSlots, isExcluded, nextBaseSlot } from '../schedule/slots.ts'

export const SLOT_ARITHMETIC: SlotArithmetic = {
  slotsOf(text, after, to, max) {
    const spec = parseSpec(text)
    const slots: number[] = []
    for (let slot = nextBaseSlot(spec, after); slot !== null && slot <= to && slots.length < max; slot = nextBaseSlot(spec, slot))
      slots.push(slot)
    return slots
  },
  isExcluded: (text, slot) => isExcluded(parseSpec(text), [], slot),
  countSlots: (text, after, to, maxSteps) => countBaseSlots(parseSpec(text), after, to, maxSteps),
}
