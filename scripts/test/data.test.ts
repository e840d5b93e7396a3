import { expect, it } from 'vitest'
import { findBrokenData } from '../docs/data.ts'
import { parsePage } from '../docs/markdown.ts'
import { findDeadSql } from '../docs/sql.ts'

const page = (language: string, code: string) => parsePage(`\`\`\`${language}\n${code}\n\`\`\`\n`)

it.each([
  ['json', '{ "a": 1 }', '{ a: 1 }'],
  ['yaml', 'a: [b, c]', 'a: [b, c'],
  ['dockerfile', 'CMD ["node", "main.js"]', 'CDM ["node", "main.js"]'],
])('blocks of %s are read', (language, right, wrong) => {
  expect(findBrokenData('x', page(language, right))).toEqual([])
  expect(findBrokenData('x', page(language, wrong))).toHaveLength(1)
})

it('statements of SQL are asked of a Postgres that has the schema', async () => {
  const right = page(
    'sql',
    'select id from quarterjack.runs_view where job = $1; -- of one\ngrant select on quarterjack.runs, … to looker;',
  )
  const own = parsePage('<!-- tables\ncreate table calls (at timestamptz);\n-->\n```sql\ndelete from calls where at < $1;\n```\n')
  const wrong = page('sql', 'select 1;\nselect colour from quarterjack.runs_view;')
  const { findings, count } = await findDeadSql(
    new Map([
      ['right', right],
      ['own', own],
      ['wrong', wrong],
    ]),
  )
  expect(count).toBe(5)
  expect(findings).toMatchObject([{ file: 'wrong', line: 2, message: expect.stringContaining('colour') }])
})
