/**
 * The packages as users get them: packed, linted (publint, attw), installed into an empty project,
 * imported and required on the oldest and the newest Node; then the first steps of the docs in a fresh folder. `--node <path>` loads them with that Node alone.
 */
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { conclude, type Finding } from './findings.ts'
import { runCommand } from './run-command.ts'
import { createConsumer } from './tarballs/consumer.ts'
import { findContentFaults } from './tarballs/contents.ts'
import { loadEntries, removePeer } from './tarballs/load.ts'
import { packPackage, type Tarball } from './tarballs/pack.ts'
import { takeQuickStart } from './tarballs/quick-start.ts'
import { fetchNode, NODE_VERSIONS, OLD_NODE_VERSION } from './toolbox.ts'
import { listPackages, ROOT } from './workspace.ts'

/** The optional peer, and the entry that needs it. */
const OPTIONAL = { peer: '@opentelemetry/api', entry: '@quarterjack/core/otel' }

const findings: Finding[] = []
const isGiven = process.argv.includes('--node')
const givenNode = process.argv[process.argv.indexOf('--node') + 1]
const tarballs = await Promise.all(listPackages().map(packPackage))
if (!isGiven) {
  for (const tarball of tarballs) {
    findings.push(...findContentFaults(tarball), ...(await lintWithPublint(tarball)), ...(await lintWithAttw(tarball)))
  }
}
const nodes = isGiven ? [await describeNode(givenNode ?? '')] : await Promise.all(NODE_VERSIONS.map(fetchNode))
await loadOnEveryNode()
findings.push(
  ...(await takeQuickStart(join(ROOT, 'docs', 'getting-started.md'), {
    tarballs,
    // Two are enough: what the newest one loads, it runs.
    nodePaths: nodes.slice(0, 2).map(({ path }) => path),
    oldNodePath: isGiven ? null : (await fetchNode(OLD_NODE_VERSION)).path,
  })),
)
for (const tarball of tarballs) rmSync(dirname(tarball.path), { recursive: true, force: true })
conclude(
  findings,
  `${tarballs.map((tarball) => `${tarball.package.name} (${tarball.files.length} files)`).join(', ')} loaded by Node ${nodes.map(({ version }) => version).join(', ')}`,
)

async function lintWithPublint(tarball: Tarball): Promise<readonly Finding[]> {
  const bytes = readFileSync(tarball.path)
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
  })
  return messages
    .filter((message) => message.type !== 'suggestion')
    .map((message) => fault(tarball, 'publint', formatMessage(message, pkg) ?? message.code))
}

async function lintWithAttw(tarball: Tarball): Promise<readonly Finding[]> {
  const result = await runCommand('attw', [tarball.path, '--profile', 'esm-only', '--no-emoji', '--no-color'])
  return result.code === 0 ? [] : [fault(tarball, 'attw', result.output)]
}

async function loadOnEveryNode(): Promise<void> {
  const specifiers = tarballs.flatMap((tarball) => tarball.package.entries.map((entry) => entry.specifier))
  const range = listPackages()[0]?.manifest.peerDependencies?.[OPTIONAL.peer] ?? '*'
  const folder = await createConsumer(tarballs, [`${OPTIONAL.peer}@${range}`])
  for (const node of nodes) check(`Node ${node.version}`, await loadEntries({ folder, nodePath: node.path, specifiers }))
  removePeer(folder, OPTIONAL.peer)
  const others = specifiers.filter((specifier) => specifier !== OPTIONAL.entry)
  for (const node of nodes.slice(0, 1)) {
    check(`Node ${node.version} without ${OPTIONAL.peer}`, await loadEntries({ folder, nodePath: node.path, specifiers: others }))
  }
  rmSync(folder, { recursive: true, force: true })
}

async function describeNode(path: string): Promise<{ readonly path: string; readonly version: string }> {
  const { stdout } = await runCommand(path, ['--version'])
  return { path, version: stdout.trim().slice(1) }
}

function check(where: string, problem: string | null): void {
  const [first] = tarballs
  if (problem !== null && first !== undefined) findings.push(fault(first, 'load', `${where}: ${problem}`))
}

function fault(tarball: Tarball, rule: string, message: string): Finding {
  return { rule, severity: 'error', file: join(tarball.package.dir, 'package.json'), line: 0, message }
}
