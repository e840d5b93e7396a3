/** Reads Prometheus text. */

/** Values of a metric by its labels. */
export function valuesOf(text: string, name: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line))
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value] = /^\w+(?:\{(.*)\})? (.*)$/.exec(line) ?? []
      return [labels, Number(value)]
    }),
  )
}
