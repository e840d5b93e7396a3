import { describe, expect, it } from 'vitest'
import { findDeadCommands, listCommands } from '../docs/commands.ts'
import { parsePage } from '../docs/markdown.ts'
import { refuseCli } from '../docs/refuse-cli.ts'
import { ROOT } from '../workspace.ts'

const scripts = new Map([
  ['', new Set(['test', 'sim'])],
  ['@examples/shop', new Set(['start'])],
])
const page = (language: string, code: string): string => `# Page\n\n\`\`\`${language}\n${code}\n\`\`\`\n`
const found = async (text: string): Promise<readonly string[]> => {
  const findings = await findDeadCommands(`${ROOT}/README.md`, listCommands(parsePage(text), text), { root: ROOT, scripts, refuseCli })
  return findings.map(({ line, message }) => `${line}: ${message}`)
}

describe('commands in shell blocks', () => {
  it.each([
    'npx --yes pnpm@12 test packages # some',
    'pnpm --filter shop start',
    'pnpm --filter shop pack --pack-destination "$HOME"',
    'A=1 B="x y" pnpm sim --seed 1',
    'node scripts/docs.ts',
    'npm install x && pnpm test',
    'mkdir my-service && cd my-service',
    'my-service runs show <id>',
    'my-service suspend report --reason "the provider # is down"',
    'docker run --rm my-service node dist/main.js run report',
  ])('%s holds', async (command) => {
    expect(await found(page('sh', command))).toEqual([])
  })

  it.each([
    ['npx --yes pnpm@12 tset', '4: There is no script "tset".'],
    ['cd x && pnpm tset', '4: There is no script "tset".'],
    ['pnpm --filter shop stop', '4: Package shop has no script "stop".'],
    ['pnpm --filter shot start', '4: There is no package shot.'],
    ['node scripts/dogs.ts', '4: There is no scripts/dogs.ts.'],
    ['.ci/jog', '4: There is no .ci/jog.'],
    ['my-service ran', "4: my-service ran: error: unknown command 'ran'"],
    ['my-service tick --limt 5', "4: my-service tick --limt 5: error: unknown option '--limt'"],
  ])('%s does not', async (command, message) => {
    expect((await found(page('sh', command))).map((one) => one.split('\n')[0])).toEqual([message])
  })

  it('are those after a $ of a console, and what prose calls my-service', async () => {
    expect(await found(page('console', 'my-service ran\n$ my-service list'))).toEqual([])
    expect(await found('Type `my-service list --jsno`, or `my-service …`.')).toHaveLength(1)
  })
})

it('commands are also the lists of manifests and Dockerfiles', async () => {
  expect(await found(page('yaml', 'command: [node, dist/main.js, tick, --budget, 4m]'))).toEqual([])
  expect(await found(page('dockerfile', 'CMD ["node", "dist/main.js", "tock"]'))).toHaveLength(1)
})
