/** Blocks of data that hold: JSON and YAML that parse, Dockerfiles without faults. */
import { validate } from 'dockerfile-utils'
import { parseAllDocuments } from 'yaml'
import type { Finding } from '../findings.ts'
import type { Fence, Page } from './markdown.ts'

/** Every fault of the data blocks of a page. */
export function findBrokenData(file: string, { fences }: Page): readonly Finding[] {
  return fences.flatMap((fence) =>
    faultsOf(fence).map(
      (fault): Finding => ({ rule: fence.language, severity: 'error', file, line: fence.line, message: `The block is no ${fault}` }),
    ),
  )
}

function faultsOf({ language, code }: Fence): readonly string[] {
  switch (language) {
    case 'json':
      return faultsOfJson(code)
    case 'yaml':
      return parseAllDocuments(code).flatMap(({ errors }) => errors.map(({ message }) => `YAML: ${message}`))
    case 'dockerfile':
      // A block shows a part: what it is built from stands elsewhere.
      return validate(`FROM scratch\n${code}`).map(({ message }) => `Dockerfile: ${message}`)
    default:
      return []
  }
}

function faultsOfJson(code: string): readonly string[] {
  try {
    JSON.parse(code)
    return []
  } catch (error) {
    return [`JSON: ${(error as Error).message}`]
  }
}
