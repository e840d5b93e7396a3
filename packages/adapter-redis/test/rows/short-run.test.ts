import type { EnqueueRequest } from '@quarterjack/core/store'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isShort, readShortBody, shortText } from '../../src/rows/short-run.ts'

const plain: EnqueueRequest = {
  id: 'r',
  job: 'mail',
  key: '',
  trigger: 'manual',
  payload: null,
  triggers: 1,
  priority: 0,
  delayMs: 0,
  overlap: 'allow',
  skipWhenBusy: false,
  gates: [],
}

/** As the script puts it together. */
function bodyOf(request: EnqueueRequest, at: number): string {
  return `N7/${Buffer.byteLength(request.key)}:${request.key}/0000000000000012/${at.toFixed(3).padStart(18, '0')}/${at}/${shortText(request)}`
}

describe('a short run', () => {
  it('is read as it was asked for, whatever its key and payload', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.option(fc.string()),
        fc.integer({ min: -99_999, max: 99_999 }),
        fc.integer({ min: 1, max: 2e12 }),
        (key, payload, priority, at) => {
          fc.pre(key.isWellFormed())
          const body = readShortBody(bodyOf({ ...plain, key, payload, priority }, at))
          expect(body).toMatchObject({
            key,
            runAt: at,
            createdAt: at,
            priority,
            asked: { trigger: 'manual', overlap: 'allow', triggers: 1 },
          })
          expect(body.asked.payload ?? null).toBe(payload)
        },
      ),
    )
  })

  it('sorts by priority, higher ones first', () => {
    const texts = [5, 1, 0, -1, -99_999].map((priority) => shortText({ ...plain, priority }))
    expect(texts.toSorted()).toEqual(texts)
  })

  it.each([
    ['of another job', { job: 'other' }],
    ['that is delayed', { delayMs: 1 }],
    ['with an instant of its own', { runAt: 1 }],
    ['whose priority has a fraction', { priority: 0.5 }],
  ])('is not made of a request %s', (_, over) => {
    expect(isShort(plain, 'mail')).toBe(true)
    expect(isShort({ ...plain, ...over }, 'mail')).toBe(false)
  })

  it('that cannot be read is named', () => {
    expect(() => readShortBody('what')).toThrow(expect.objectContaining({ code: 'StoreUnsupported' }))
  })
})
