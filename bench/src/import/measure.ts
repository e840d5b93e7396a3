/** Imports the given module and prints how long that took. */
const target = process.argv[2] ?? ''
const startedAt = performance.now()
await import(target)
console.log(JSON.stringify({ importMs: performance.now() - startedAt }))
process.exit(0)
