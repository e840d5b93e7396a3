/** The seam to time and chance: core reads clocks only in `time/`, draws only in `random/`, and its tests never sleep. */
import ts from 'typescript'
import type { Finding } from '../findings.ts'
import { lineOf, type Unit } from './unit.ts'

type Kind = 'clock' | 'chance'

const TIMERS: ReadonlySet<string> = new Set(['setTimeout', 'setInterval', 'setImmediate'])

/** Members that read a clock, set a timer or draw a number. `*`: every member. */
const MEMBERS: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  Date: { now: 'clock' },
  performance: { '*': 'clock' },
  process: { hrtime: 'clock', uptime: 'clock' },
  AbortSignal: { timeout: 'clock' },
  Atomics: { wait: 'clock', waitAsync: 'clock' },
  Math: { random: 'chance' },
  crypto: { getRandomValues: 'chance', randomUUID: 'chance' },
}

/** Modules of Node that do the same. */
const MODULES: Readonly<Record<string, Kind>> = {
  'node:timers': 'clock',
  'node:timers/promises': 'clock',
  'node:perf_hooks': 'clock',
}

const RANDOM_OF_CRYPTO: ReadonlySet<string> = new Set([
  'randomUUID',
  'randomUUIDv7',
  'randomBytes',
  'randomInt',
  'randomFill',
  'randomFillSync',
  'getRandomValues',
  'webcrypto',
])

/** Reads past the seam in core's sources. */
export function findSeamBreaks(unit: Unit): readonly Finding[] {
  const home: Kind | null = unit.folder === 'time' ? 'clock' : unit.folder === 'random' ? 'chance' : null
  return collect(unit, (node) => {
    const read = classifyRead(node)
    if (read === null || read.kind === home) return null
    const remedy = read.kind === 'clock' ? 'Take a Clock (time/clock.ts).' : 'Take a random function (random/).'
    return { rule: 'clock-seam', message: `${read.what} goes past the seam. ${remedy}` }
  })
}

/** Real sleeps in core's tests. */
export function findSleeps(unit: Unit): readonly Finding[] {
  return collect(unit, (node) => {
    const isTimer =
      (ts.isCallExpression(node) && (isGlobal(node.expression, 'setTimeout') || isGlobal(node.expression, 'setInterval'))) ||
      (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier) && node.moduleSpecifier.text === 'node:timers/promises')
    const isSleep =
      ts.isCallExpression(node) &&
      node.expression.getText(unit.source) === 'sleep' &&
      node.arguments[0]?.getText(unit.source) === 'systemClock'
    return isTimer || isSleep ? { rule: 'real-sleep', message: 'A test waits for real time. Use the fake clock.' } : null
  })
}

function classifyRead(node: ts.Node): { readonly kind: Kind; readonly what: string } | null {
  if (ts.isNewExpression(node) && isGlobal(node.expression, 'Date') && (node.arguments ?? []).length === 0) {
    return { kind: 'clock', what: 'new Date()' }
  }
  if (ts.isCallExpression(node) && isGlobal(node.expression, 'Date')) return { kind: 'clock', what: 'Date()' }
  if (ts.isPropertyAccessExpression(node)) return classifyMember(nameOfGlobal(node.expression), node.name.text)
  if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name) && node.initializer !== undefined) {
    const owner = nameOfGlobal(node.initializer)
    const reads = node.name.elements.map((element) => classifyMember(owner, (element.propertyName ?? element.name).getText()))
    return reads.find((read) => read !== null) ?? null
  }
  if (ts.isIdentifier(node) && TIMERS.has(node.text) && isReference(node)) return { kind: 'clock', what: node.text }
  return ts.isImportDeclaration(node) ? classifyImport(node) : null
}

function classifyMember(owner: string | null, member: string): { readonly kind: Kind; readonly what: string } | null {
  if (owner === 'globalThis') return TIMERS.has(member) ? { kind: 'clock', what: `globalThis.${member}` } : null
  const members = owner === null ? undefined : MEMBERS[owner]
  const kind = members?.[member] ?? members?.['*']
  return kind === undefined ? null : { kind, what: `${owner}.${member}` }
}

function classifyImport(node: ts.ImportDeclaration): { readonly kind: Kind; readonly what: string } | null {
  const specifier = ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : ''
  const kind = MODULES[specifier]
  if (kind !== undefined) return { kind, what: specifier }
  if (specifier !== 'node:crypto') return null
  const bindings = node.importClause?.namedBindings
  if (node.importClause?.name !== undefined || (bindings !== undefined && ts.isNamespaceImport(bindings))) {
    return { kind: 'chance', what: 'all of node:crypto (import by name)' }
  }
  const drawn = bindings?.elements.find((element) => RANDOM_OF_CRYPTO.has((element.propertyName ?? element.name).text))
  return drawn === undefined ? null : { kind: 'chance', what: `node:crypto ${drawn.name.text}` }
}

function isGlobal(node: ts.Node, name: string): boolean {
  return nameOfGlobal(node) === name
}

/** `Date` for `Date` and `globalThis.Date`. */
function nameOfGlobal(node: ts.Node): string | null {
  if (ts.isIdentifier(node)) return node.text
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'globalThis')
    return node.name.text
  return null
}

/** True where the identifier is used as a value, not declared or named as a member or a type. */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)) return parent.initializer === node
  if (ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent) || ts.isTypeReferenceNode(parent)) return false
  if (ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent) || ts.isPropertySignature(parent)) return false
  return !ts.isPropertyDeclaration(parent) && !ts.isFunctionDeclaration(parent) && !ts.isImportSpecifier(parent)
}

function collect(unit: Unit, judge: (node: ts.Node) => { readonly rule: string; readonly message: string } | null): readonly Finding[] {
  const found: Finding[] = []
  const visit = (node: ts.Node): void => {
    const verdict = judge(node)
    if (verdict !== null) found.push({ ...verdict, severity: 'error', file: unit.file, line: lineOf(unit.source, node) })
    ts.forEachChild(node, visit)
  }
  visit(unit.source)
  return found
}
