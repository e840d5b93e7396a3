import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findDeadHrefs } from '../src/dead-hrefs.ts'

let dir = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quarterjack-site-'))
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

function build(pages: Readonly<Record<string, string>>): void {
  for (const [path, html] of Object.entries(pages)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), html)
  }
}

describe('links of the built site', () => {
  it('lead to pages, their anchors, files, and elsewhere', () => {
    build({
      'index.html': '<a href="/base/sub/page#part">1</a> <a href="./sub/">2</a> <a href="https://example.com/x">3</a>',
      'sub/index.html': '<a href="../#top">4</a><i id="top"></i> <a href="/base/style.css">5</a> <a href="page">6</a>',
      'sub/page.html': '<h2 id="part" tabindex="-1"></h2>',
      'style.css': '',
    })
    const { findings, pages, hrefs } = findDeadHrefs(dir, '/base/')
    expect(findings.map(({ message }) => message)).toEqual(['"../#top": that page has no such anchor.'])
    expect([pages, hrefs]).toEqual([3, 6])
  })

  it('are dead without their page, or outside the base', () => {
    build({ 'index.html': '<a href="/base/nowhere">1</a> <a href="/elsewhere">2</a> <a href="/base/#a&amp;b">3</a>' })
    expect(findDeadHrefs(dir, '/base/').findings.map(({ message }) => message)).toEqual([
      '"/base/nowhere": the site has no such page.',
      '"/elsewhere" does not begin with /base/.',
      '"/base/#a&b": that page has no such anchor.',
    ])
  })
})
