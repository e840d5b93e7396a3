/** One line per test that can be quoted. */

/** Prints what was measured. */
export function figure(what: string, facts: Readonly<Record<string, number | string>>): void {
  const told = Object.entries(facts).map(([name, value]) => `${name} ${typeof value === 'number' ? Math.round(value * 100) / 100 : value}`)
  process.stdout.write(`figure: ${what}: ${told.join(', ')}\n`)
}
