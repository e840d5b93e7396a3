/** The transition table of runs ⇄ the diagram of `docs/run-states.md`. */
import { RUN_TRANSITIONS } from '../../packages/core/src/run/run-state.ts'
import type { Finding } from '../findings.ts'
import { compareNames } from './compare-names.ts'

/** Each arrow `pending --> running: claim` of the Mermaid diagram is a row of the table, and the other way round. */
export function compareRunStates(): readonly Finding[] {
  const defined = Object.entries(RUN_TRANSITIONS).flatMap(([from, actions]) =>
    Object.entries(actions).map(([action, to]) => `${from} --> ${to}: ${action}`),
  )
  return compareNames({
    what: 'transition',
    page: 'docs/run-states.md',
    defined,
    form: 'a line "pending --> running: claim" of a mermaid block (stateDiagram-v2)',
    describedIn: (page) =>
      page.fences.filter((fence) => fence.language === 'mermaid').flatMap((fence) => listArrows(fence.code, fence.line)),
  })
}

/** Arrows between states; one label may name several actions: `running --> pending: retry, release`. */
export function listArrows(code: string, firstLine: number): readonly { readonly name: string; readonly line: number }[] {
  return code.split('\n').flatMap((text, index) => {
    const match = /^\s*(\w+)\s*-->\s*(\w+)\s*:\s*(.+?)\s*$/.exec(text)
    if (match === null) return []
    const actions = (match[3] ?? '').split(/\s*,\s*/)
    return actions.map((action) => ({ name: `${match[1]} --> ${match[2]}: ${action}`, line: firstLine + index }))
  })
}
