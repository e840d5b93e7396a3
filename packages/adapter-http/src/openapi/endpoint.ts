/** `/openapi.json`. */
import { type AnyEndpoint, defineEndpoint } from '../endpoint/endpoint.ts'
import { type DocumentFacts, openApiDocument } from './document.ts'

/** Describes `endpoints` and itself. */
export function openApiEndpoint(endpoints: readonly AnyEndpoint[], facts: DocumentFacts): AnyEndpoint {
  let text: string | null = null
  const own: AnyEndpoint = defineEndpoint({
    id: 'openApi',
    method: 'GET',
    path: '/openapi.json',
    access: 'read',
    summary: 'This document.',
    answers: { 200: { description: 'OpenAPI 3.1' } },
    handle() {
      text ??= JSON.stringify(openApiDocument([...endpoints, own], facts))
      return { status: 200, text, contentType: 'application/json' }
    },
  })
  return own
}
