/**
 * The packages as users get them: packed, linted (publint, attw), installed into an empty project,
 * imported and required on the oldest and the newest Node. `--node <path>` loads them with that Node alone.
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
import { fetchNode, NODE_VERSIONS } from './toolbox.ts'
import { listPackages } from './workspace.ts'

/** The optional peer, and the entry that needs it. */
const OPTIONAL = { peer: '@opentelemetry/api', entry: '@quarterjack/core/otel' }

const findings: Finding[] = []
const givenNode = process.argv[process.argv.indexOf('--node') + 1]
const tarballs = await Promise.all(listPackages().map(packPackage))
if (!process.argv.includes('--node')) {
  for (const tarball of tarballs) {
    findings.push(...findContentFaults(tarball), ...(await lintWithPublint(tarball)), ...(await lintWithAttw(tarball)))
  }
}
const loaded = await loadOnEveryNode()
for (const tarball of tarballs) rmSync(dirname(tarball.path), { recursive: true, force: true })
conclude(
  findings,
  `${tarballs.map((tarball) => `${tarball.package.name} (${tarball.files.length} files)`).join(', ')} loaded by Node ${loaded.join(', ')}`,
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

async function loadOnEveryNode(): Promise<readonly string[]> {
  const specifiers = tarballs.flatMap((tarball) => tarball.package.entries.map((entry) => entry.specifier))
  const range = listPackages()[0]?.manifest.peerDependencies?.[OPTIONAL.peer] ?? '*'
  const folder = await createConsumer(tarballs, [`${OPTIONAL.peer}@${range}`])
  const nodes = process.argv.includes('--node') ? [await describeNode(givenNode ?? '')] : await Promise.all(NODE_VERSIONS.map(fetchNode))
  for (const node of nodes) check(`Node ${node.version}`, await loadEntries({ folder, nodePath: node.path, specifiers }))
  removePeer(folder, OPTIONAL.peer)
  const others = specifiers.filter((specifier) => specifier !== OPTIONAL.entry)
  for (const node of nodes.slice(0, 1)) {
    check(`Node ${node.version} without ${OPTIONAL.peer}`, await loadEntries({ folder, nodePath: node.path, specifiers: others }))
  }
  rmSync(folder, { recursive: true, force: true })
  return nodes.map((node) => node.version)
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
