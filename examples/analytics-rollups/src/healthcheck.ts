/** For HEALTHCHECK: asks the running process over loopback. Exit code 0 when it is well, 1 otherwise. */
const url = `http://127.0.0.1:${process.env.PORT || '8080'}/health/rollup`
const answer = await fetch(url, { signal: AbortSignal.timeout(4_000) }).catch((error: unknown) => error)
if (!(answer instanceof Response && answer.ok)) {
  console.error(`${url}: ${answer instanceof Response ? answer.status : String(answer)}`)
  process.exitCode = 1
}
