/** The list of privileges names what scripts call, no more and no less. */
import { expect, it } from 'vitest'
import { COMMANDS } from '../../src/client/privileges.ts'
import { createScripts } from '../../src/scripts/scripts.ts'

/** What is sent without a script. */
const SENT = ['evalsha', 'eval', 'subscribe', 'info', 'config|get']

it('a user needs what scripts call, and nothing else', () => {
  const called = new Set<string>()
  for (const { source } of Object.values(createScripts())) {
    for (const [, command = ''] of source.matchAll(/(?:call|write_all)\('([A-Z]+)'/g)) called.add(command.toLowerCase())
  }
  expect([...called].toSorted()).toEqual(COMMANDS.filter((command) => !SENT.includes(command)).toSorted())
})
