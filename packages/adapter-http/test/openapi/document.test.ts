/** The document tells of every endpoint, by the schemas that requests are parsed with. */
import { describe, expect, it } from 'vitest'
import { opened } from '../support/handling.ts'

type Operation = {
  operationId: string
  security: object[]
  parameters: { name: string; in: string; schema: object }[]
  requestBody?: object
  responses: object
}

async function documentOf(
  options: Parameters<typeof opened>[0] = {},
): Promise<{ readonly paths: Record<string, Record<string, Operation>>; readonly whole: Record<string, unknown> }> {
  const { read } = await opened(options)
  const { json } = await read(`${options.basePath ?? ''}/openapi.json`)
  return { paths: json.paths as Record<string, Record<string, Operation>>, whole: json }
}

describe('the OpenAPI document', () => {
  it('names every operation once, with who may call it', async () => {
    const { paths, whole } = await documentOf()
    expect(whole).toMatchObject({ openapi: '3.1.0', info: { title: 'Quarterjack' }, servers: [{ url: '/' }] })
    const operations = Object.values(paths).flatMap((item) => Object.values(item))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    expect(
      Object.fromEntries(
        operations.map(({ operationId, security }) => [operationId, security.flatMap((one) => Object.keys(one))[0] ?? 'public']),
      ),
    ).toEqual({
      live: 'public',
      ready: 'public',
      health: 'public',
      jobHealth: 'public',
      snapshot: 'read',
      metrics: 'read',
      listJobs: 'read',
      getJob: 'read',
      previewJob: 'read',
      suspendJob: 'write',
      resumeJob: 'write',
      triggerJob: 'write',
      listRuns: 'read',
      getRun: 'read',
      cancelRun: 'write',
      cancelRuns: 'write',
      replayRun: 'write',
      listDead: 'read',
      replayDead: 'write',
      listSchedules: 'read',
      listSchedulesOfJob: 'read',
      getSchedule: 'read',
      setSchedule: 'write',
      removeSchedule: 'write',
      listRollups: 'read',
      getRollup: 'read',
      listWindows: 'read',
      markRollup: 'write',
      markSource: 'write',
      listBackfills: 'read',
      listBackfillsOfRollup: 'read',
      planBackfill: 'read',
      verifyRollup: 'write',
      createBackfill: 'write',
      getBackfill: 'read',
      pauseBackfill: 'write',
      resumeBackfill: 'write',
      cancelBackfill: 'write',
      audit: 'read',
      openApi: 'read',
      tickByGet: 'worker',
      tickByPost: 'worker',
      workerByGet: 'worker',
      workerByPost: 'worker',
    })
  })

  it('has parameters and bodies as they are parsed', async () => {
    const { paths } = await documentOf()
    expect(paths['/runs']?.get?.parameters.map(({ name, in: place }) => `${place} ${name}`)).toEqual([
      'query job',
      'query key',
      'query createdAfter',
      'query createdBefore',
      'query cursor',
      'query limit',
      'query state',
    ])
    expect(paths['/runs']?.get?.parameters.find(({ name }) => name === 'limit')?.schema).toMatchObject({
      type: 'integer',
      minimum: 1,
      maximum: 500,
    })
    expect(paths['/jobs/{job}/suspend']?.post?.requestBody).toMatchObject({
      required: true,
      content: { 'application/json': { schema: { type: 'object', required: ['reason'], additionalProperties: false } } },
    })
    expect(paths['/runs']?.get?.requestBody).toBeUndefined()
  })

  it('has the base path, and the paths of the user’s own', async () => {
    const { paths, whole } = await documentOf({
      basePath: '/api/v1',
      workers: { secrets: 'x-secret', routes: { 'project/:id/go': 'plain' } },
    })
    expect(whole.servers).toEqual([{ url: '/api/v1' }])
    expect(paths['/workers/project/{id}/go']?.post?.parameters).toMatchObject([{ name: 'id', in: 'path', required: true }])
  })
})
