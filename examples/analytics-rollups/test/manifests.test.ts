/** The manifests, against what Kubernetes takes and the settings of the old document. Unknown fields are refused. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import * as z from 'zod'

const name = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
const label = z.string().regex(/^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/)
const labels = z.record(z.string(), label)
const whole = z.int().min(0)
const amounts = z.strictObject({ cpu: z.string().regex(/^\d+m$/), memory: z.string().regex(/^\d+[MG]i$/) })
const metadata = z.strictObject({ name, namespace: name, labels })
const probe = z.strictObject({ httpGet: z.strictObject({ path: z.string().startsWith('/'), port: z.string() }), periodSeconds: whole })
const container = z.strictObject({
  name,
  image: z.string(),
  command: z.array(z.string()).optional(),
  env: z.array(
    z.union([
      z.strictObject({ name: z.string(), value: z.string() }),
      z.strictObject({ name: z.string(), valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name, key: z.string() }) }) }),
    ]),
  ),
  ports: z.array(z.strictObject({ name, containerPort: whole })).optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: z.strictObject({ requests: amounts, limits: amounts }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
})
const template = z.strictObject({
  metadata: z.strictObject({ labels }),
  spec: z.strictObject({
    restartPolicy: z.enum(['Never', 'OnFailure']).optional(),
    automountServiceAccountToken: z.literal(false),
    terminationGracePeriodSeconds: whole.optional(),
    securityContext: z.strictObject({
      runAsNonRoot: z.literal(true),
      runAsUser: whole,
      seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
    }),
    containers: z.tuple([container]),
  }),
})
const jobSpec = { backoffLimit: whole, activeDeadlineSeconds: whole, ttlSecondsAfterFinished: whole.optional(), template }
const manifest = z.discriminatedUnion('kind', [
  z.strictObject({ apiVersion: z.literal('batch/v1'), kind: z.literal('Job'), metadata, spec: z.strictObject(jobSpec) }),
  z.strictObject({
    apiVersion: z.literal('batch/v1'),
    kind: z.literal('CronJob'),
    metadata,
    spec: z.strictObject({
      schedule: z.string(),
      timeZone: z.literal('Etc/UTC'),
      suspend: z.boolean(),
      concurrencyPolicy: z.enum(['Allow', 'Forbid', 'Replace']),
      startingDeadlineSeconds: whole,
      successfulJobsHistoryLimit: whole,
      failedJobsHistoryLimit: whole,
      jobTemplate: z.strictObject({ metadata: z.strictObject({ labels }), spec: z.strictObject(jobSpec) }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('Deployment'),
    metadata,
    spec: z.strictObject({ replicas: whole, selector: z.strictObject({ matchLabels: labels }), template }),
  }),
])
type Manifest = z.output<typeof manifest>

const read = (file: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(new URL(`../k8s/${file}`, import.meta.url), 'utf8')).map((document) => {
    expect(document.errors).toEqual([])
    return manifest.parse(document.toJS())
  })
const files = ['db-migration.yaml', 'analytics-aggregation.yaml', 'deployment.yaml']
const all = files.flatMap(read)
const podOf = (one: Manifest) => (one.kind === 'CronJob' ? one.spec.jobTemplate.spec.template : one.spec.template)

it.each(all.map((one) => [one.metadata.name, one] as const))(
  '%s runs what is there, in its namespace, with the secret of the document',
  (_, one) => {
    const { command = [], env } = podOf(one).spec.containers[0]
    const script = command.find((word) => word.startsWith('src/'))
    if (script !== undefined) expect(existsSync(new URL(`../${script}`, import.meta.url))).toBe(true)
    expect(one.metadata.namespace).toBe('flowmaestro')
    expect(env).toContainEqual({ name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'db-credentials', key: 'url' } } })
    expect(podOf(one).metadata.labels).toMatchObject({ component: one.metadata.labels.component })
  },
)

describe.each([
  ['hourly', '5 * * * *', { cpu: '100m', memory: '256Mi' }, { cpu: '500m', memory: '512Mi' }],
  ['daily', '5 0 * * *', { cpu: '200m', memory: '512Mi' }, { cpu: '1000m', memory: '1Gi' }],
])('the %s CronJob', (schedule, expression, requests, limits) => {
  const [found] = all.filter((one) => one.kind === 'CronJob' && one.metadata.name === `analytics-${schedule}-aggregation`)
  const spec = found?.kind === 'CronJob' ? found.spec : undefined

  it('has the schedule, policy, history and deadlines that were asked for', () => {
    expect(spec).toMatchObject({
      schedule: expression,
      suspend: false,
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
    })
    expect(spec?.startingDeadlineSeconds).toBeGreaterThan(0)
    expect(spec?.jobTemplate.spec.activeDeadlineSeconds).toBeGreaterThan(300)
  })

  it('has the labels, resources and command of the document', () => {
    // As "kubectl get jobs -l …" and "kubectl logs -l …" ask for them.
    for (const labels of [found?.metadata.labels, spec?.jobTemplate.metadata.labels, podOf(found as Manifest).metadata.labels])
      expect(labels).toMatchObject({ component: 'analytics-aggregation', schedule })
    const [{ resources, command }] = podOf(found as Manifest).spec.containers
    expect(resources).toEqual({ requests, limits })
    expect(command).toEqual(['node', 'src/aggregate.ts', `--${schedule}`])
  })
})

it('the Deployment keeps the test endpoints closed, and waits longer than a stop takes', () => {
  const { spec } = podOf(all.find(({ kind }) => kind === 'Deployment') as Manifest)
  expect(spec.containers[0].env).toContainEqual({ name: 'ENABLE_TEST_ENDPOINTS', value: 'false' })
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30)
})
