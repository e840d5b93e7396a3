/** For HEALTHCHECK: asks the running process over loopback. Exit code 0 when it is healthy, 1 otherwise. An address may be given. */
const port = process.env.AGENT_FEEDBACK_HEALTH_PORT || '8004'
const url = process.argv[2] ?? `http://127.0.0.1:${port}/health`

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(3_000) })
  const { status, why = [] } = (await response.json()) as { status?: string; why?: readonly string[] }
  console.log([status ?? response.status, ...why].join(': '))
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  console.error(`No answer from ${url}: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
