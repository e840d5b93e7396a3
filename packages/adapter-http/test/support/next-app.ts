/**
 * A Next.js application with a route of its own: built, and served by `next start`. Next is larger than everything else that
 * the repository installs together, so it is no dependency: it is fetched once, and kept where the checks keep their compilers.
 */
import { build } from 'esbuild'
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const run = promisify(execFile)

/** Pinned: a newer Next is tried on purpose, not by chance. With TypeScript there, Next need not fetch it at each build. */
const PACKAGES = [
  'next@16.4.6',
  'react@19.3.1',
  'react-dom@19.3.1',
  'typescript@6.0.3',
  '@types/node@22.20.1',
  '@types/react@19.3.3',
  'zod@4.6.7',
] as const

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const HOME = join(ROOT, 'node_modules/.cache/quarterjack/tools', PACKAGES[0])
const NODE = process.execPath

/** Builds an application whose files are `path: text`, and starts it. Its address; it is gone at the end of the test. */
export async function startNext(files: Readonly<Record<string, string>>): Promise<{ readonly url: string }> {
  if (!existsSync(join(HOME, 'complete'))) await fetchNext()
  const folder = mkdtempSync(join(HOME, 'app-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const config = `export default { turbopack: { root: ${JSON.stringify(HOME)} }, typescript: { ignoreBuildErrors: true } }\n`
  for (const [path, text] of Object.entries({
    'package.json': '{ "private": true, "type": "module" }\n',
    'next.config.mjs': config,
    ...files,
  })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  await Promise.all([
    bundle(folder, '@quarterjack/core', { '.': 'packages/core/src/index.ts', './store': 'packages/core/src/store/index.ts' }),
    bundle(folder, '@quarterjack/adapter-http', { '.': 'packages/adapter-http/src/index.ts' }),
  ])
  // NODE_ENV is vitest's otherwise, and Next builds for that.
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }
  const next = join(HOME, 'node_modules/next/dist/bin/next')
  await run(NODE, [next, 'build'], { cwd: folder, env }).catch((error: { stdout?: string; stderr?: string }) => {
    throw new Error(`next build failed:\n${error.stdout ?? ''}\n${error.stderr ?? ''}`)
  })
  return { url: await serve(spawn(NODE, [next, 'start', '--port', '0', '--hostname', '127.0.0.1'], { cwd: folder, env })) }
}

/** A package of the workspace as an application finds it: one module per entry, with its dependencies in it. */
async function bundle(folder: string, name: string, entries: Readonly<Record<string, string>>): Promise<void> {
  const home = join(folder, 'node_modules', name)
  const outputs = Object.keys(entries).map((entry) => [entry, entry === '.' ? 'index' : entry.slice(2)] as const)
  await build({
    entryPoints: Object.fromEntries(outputs.map(([entry, out]) => [out, join(ROOT, entries[entry] as string)])),
    outdir: home,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@quarterjack/source'],
    external: ['@quarterjack/core', '@opentelemetry/api', 'prom-client'],
    logLevel: 'error',
  })
  const exports = Object.fromEntries(outputs.map(([entry, out]) => [entry, `./${out}.js`]))
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name, version: '0.0.0', type: 'module', exports }))
}

/** Resolves with the address that the server says it listens at. */
function serve(server: ReturnType<typeof spawn>): Promise<string> {
  const isOver = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  onTestFinished(async () => {
    server.kill()
    await isOver
  })
  return new Promise((resolve, reject) => {
    let said = ''
    const read = (chunk: Buffer): void => {
      said += chunk.toString()
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (url !== undefined && said.includes('Ready')) resolve(url)
    }
    server.stdout?.on('data', read)
    server.stderr?.on('data', read)
    void isOver.then(() => reject(new Error(`next start ended:\n${said}`)))
  })
}

async function fetchNext(): Promise<void> {
  console.info(`Fetching ${PACKAGES[0]} into node_modules/.cache, because this test needs it.`)
  const staging = `${HOME}.${process.pid}`
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging, { recursive: true })
  writeFileSync(join(staging, 'package.json'), '{ "private": true }\n')
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', ...PACKAGES], { cwd: staging }).catch((error: Error) => {
    throw new Error(`${PACKAGES[0]} could not be fetched; the first run of this test needs the registry.`, { cause: error })
  })
  writeFileSync(join(staging, 'complete'), '')
  rmSync(HOME, { recursive: true, force: true })
  renameSync(staging, HOME)
}
