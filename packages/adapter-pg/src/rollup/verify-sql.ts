/** The statement that compares the target of a rollup with its source, in one snapshot, and writes nothing. */
import { quoteName } from '../client/quote-name.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { bothSql } from './window-relations.ts'

/** A column beside the window and the keys. */
export interface ValueColumn {
  readonly name: string
  /** Sums of such depend on the order of the rows: they are equal to nine digits. */
  readonly isFloat: boolean
}

/** Windows as for a refresh; `$4`: how many rows to answer at most. One JSON text: window start in epoch ms, key, expected, found. */
export function verifySql(plan: RollupPlan, values: readonly ValueColumn[]): string {
  const at = quoteName(plan.windowColumn)
  const names = values.map(({ name }) => name)
  const object = (of: string, columns: readonly string[]): string =>
    `json_build_object(${columns.map((name) => `'${name}', ${of}.${quoteName(name)}::text`).join(', ')})`
  const differs = values.map(({ name, isFloat }) => {
    const [f, c] = [`f.${quoteName(name)}`, `c.${quoteName(name)}`]
    const isFar = isFloat ? ` and (abs(${f} - ${c}) <= 1e-9 * greatest(abs(${f}), abs(${c}))) is not true` : ''
    return `${f} is distinct from ${c}${isFar}`
  })
  return `${bothSql(plan, names)},
drifted as (
  select f.${at} as at, ${object('f', plan.keys)} as key, ${object('f', names)} as expected,
    case when c.${at} is not null then ${object('c', names)} end as found
  from fresh f left join current c on ${sameKey(plan, 'c', 'f')}
  where c.${at} is null${differs.map((one) => `\n    or ${one}`).join('')}
  union all
  select c.${at}, ${object('c', plan.keys)}, null, ${object('c', names)}
  from current c where not exists (select from fresh f where ${sameKey(plan, 'f', 'c')})
)
select coalesce(json_agg(json_build_array((extract(epoch from d.at) * 1000)::bigint, d.key, d.expected, d.found) order by d.at), '[]')::text as drifted
from (select * from drifted order by at, key::text limit $4::int) d`
}

/** Null is a value like others. */
function sameKey({ windowColumn, keys }: RollupPlan, a: string, b: string): string {
  const of = (side: string, name: string): string => `${side}.${quoteName(name)}`
  return [
    `${of(a, windowColumn)} = ${of(b, windowColumn)}`,
    // The text can be hashed, which the comparison that takes null for a value cannot.
    ...keys.map((name) => `coalesce(${of(a, name)}::text, '') = coalesce(${of(b, name)}::text, '')`),
    ...keys.map((name) => `${of(a, name)} is not distinct from ${of(b, name)}`),
  ].join(' and ')
}
