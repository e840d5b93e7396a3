/** Import cycles, by file and by folder. Type imports count: they are how cycles begin. */
import type { Finding } from '../findings.ts'
import { show } from '../workspace.ts'
import type { Unit } from './unit.ts'

type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** Cycles among the files of each package, and among its folders. */
export function findCycles(units: readonly Unit[]): readonly Finding[] {
  const known = new Map(units.map((unit) => [unit.file, unit]))
  const files = new Map<string, Set<string>>()
  const folders = new Map<string, Set<string>>()
  const folderOf = (unit: Unit): string => `${unit.packageDir}/${unit.folder === '' ? `${unit.file.split('/').at(-1)}` : unit.folder}`
  for (const unit of units) {
    for (const { target } of unit.imports) {
      const imported = target === null ? undefined : known.get(target)
      if (imported === undefined) continue
      connect(files, unit.file, imported.file)
      if (folderOf(unit) !== folderOf(imported)) connect(folders, folderOf(unit), folderOf(imported))
    }
  }
  const name = (path: string): string => path.split('/').at(-1) ?? path
  return [
    ...listCycles(files).map((cycle) => finding('file-cycle', cycle, cycle.map(show))),
    ...listCycles(folders).map((cycle) => finding('folder-cycle', cycle, cycle.map(name))),
  ]
}

/** One shortest cycle for each knot of the graph, rotated so that the smallest name comes first. */
export function listCycles(graph: Graph): readonly (readonly string[])[] {
  return listKnots(graph).map((knot) => shortestCycle(graph, knot))
}

function finding(rule: string, cycle: readonly string[], names: readonly string[]): Finding {
  const first = cycle[0] ?? ''
  return {
    rule,
    severity: 'error',
    file: first,
    line: 0,
    message: `${[...names, names[0]].join(' → ')}. Move what both need further down.`,
  }
}

function connect(graph: Map<string, Set<string>>, from: string, to: string): void {
  const targets = graph.get(from) ?? new Set()
  targets.add(to)
  graph.set(from, targets)
}

/** Strongly connected components of more than one node, or of one that points at itself (Tarjan). */
function listKnots(graph: Graph): readonly ReadonlySet<string>[] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const knots: Set<string>[] = []
  const enter = (node: string): void => {
    index.set(node, index.size)
    low.set(node, index.get(node) ?? 0)
    stack.push(node)
    onStack.add(node)
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) {
        enter(next)
        low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0))
      } else if (onStack.has(next)) {
        low.set(node, Math.min(low.get(node) ?? 0, index.get(next) ?? 0))
      }
    }
    if (low.get(node) !== index.get(node)) return
    const knot = new Set<string>()
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      onStack.delete(member)
      knot.add(member)
      if (member === node) break
    }
    if (knot.size > 1 || graph.get(node)?.has(node) === true) knots.push(knot)
  }
  for (const node of [...graph.keys()].sort()) if (!index.has(node)) enter(node)
  return knots
}

function shortestCycle(graph: Graph, knot: ReadonlySet<string>): readonly string[] {
  const start = [...knot].sort()[0] ?? ''
  const paths = new Map<string, readonly string[]>([[start, [start]]])
  for (const [node, path] of paths) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return path
      if (knot.has(next) && !paths.has(next)) paths.set(next, [...path, next])
    }
  }
  return [...knot].sort()
}
