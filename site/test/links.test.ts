import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../scripts/workspace.ts'
import { toSiteLink } from '../src/links.ts'

const page = join(ROOT, 'docs', 'jobs.md')
const decision = join(ROOT, 'docs', 'decisions', '0001-names-of-schedules.md')

describe('links of the pages', () => {
  it.each([
    [page, 'rollups.md#marks', '/rollups.md#marks'],
    [decision, '../README.md', '/index.md'],
    [page, '#retry', '#retry'],
    [page, 'https://example.com/a.md', 'https://example.com/a.md'],
  ])('from %s to %s stay on the site', (from, href, expected) => {
    expect(toSiteLink(from, href)).toBe(expected)
  })

  it.each([
    [page, '../CONTRIBUTING.md#checks', /^https:\/\/.+\/blob\/main\/CONTRIBUTING\.md#checks$/],
    [decision, '../../examples', /^https:\/\/.+\/tree\/main\/examples$/],
    [page, 'monitoring/alert-rules.yaml', /^https:\/\/.+\/blob\/main\/docs\/monitoring\/alert-rules\.yaml$/],
  ])('from %s to %s go to the repository', (from, href, expected) => {
    expect(toSiteLink(from, href)).toMatch(expected)
  })
})
