/** Mermaid blocks, drawn while the site is built: readers load no library, and the colours follow the theme. */
import { renderMermaidSVG } from 'beautiful-mermaid'
import type { MarkdownRenderer } from 'vitepress'

const COLOURS = {
  bg: 'var(--vp-c-bg)',
  fg: 'var(--vp-c-text-1)',
  line: 'var(--vp-c-text-3)',
  muted: 'var(--vp-c-text-2)',
  border: 'var(--vp-c-divider)',
  surface: 'var(--vp-c-bg-soft)',
  accent: 'var(--vp-c-brand-1)',
}

/** Draws the diagram as an SVG element that loads nothing from elsewhere. Throws on what cannot be drawn. */
export function drawDiagram(source: string): string {
  return renderMermaidSVG(source, COLOURS).replace(/@import[^;]*;[^;]*;[^)]*\);|@import url\([^)]*\);/g, '')
}

/** Puts drawings in the place of mermaid blocks. */
export function renderDiagrams(md: MarkdownRenderer): void {
  const { fence } = md.renderer.rules
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index]
    if (token?.info.trim() !== 'mermaid') return fence?.(tokens, index, ...rest) ?? ''
    // As a string: Vue's templates take no <style>.
    return `<div class="diagram" v-html="${md.utils.escapeHtml(JSON.stringify(drawDiagram(token.content)))}"></div>\n`
  }
}
