/** A schema as text, from the catalogue: the same on every server, and sorted, so that two can be compared line by line. */

/** Asks a server; rows as objects. */
export type Ask = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** Tables, views, sequences, indexes and functions of `schema`, without their rows. Bodies of functions are hashed. */
export async function dumpSchema(ask: Ask, schema: string): Promise<string> {
  const lines = async (sql: string): Promise<readonly string[]> =>
    (await ask(sql.replaceAll('$schema', `'"${schema}"'::regnamespace`))).map(({ line }) =>
      String(line)
        .replaceAll(new RegExp(`"?\\b${schema}\\b"?\\.`, 'g'), '')
        .replaceAll(`search_path=${schema},`, 'search_path=$schema,'),
    )
  const [tables, sequences, indexes, views, functions] = await Promise.all([TABLES, SEQUENCES, INDEXES, VIEWS, FUNCTIONS].map(lines))
  const blocks = [...(tables ?? []), sequences?.join('\n'), indexes?.join('\n'), ...(views ?? []), functions?.join('\n')]
  return `${blocks.join('\n\n')}\n`
}

/** Columns in their order; constraints by name. What Postgres 18 knows of NOT NULL as constraints stands with the columns. */
const TABLES = `
select format(E'create table %s (\\n%s\\n)%s;', c.relname,
  concat_ws(E',\\n',
    (select string_agg(format('  %s %s%s%s%s%s', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
        (select format(' collate "%s"', l.collname) from pg_collation l where l.oid = a.attcollation and l.collname <> 'default'),
        case when a.attnotnull then ' not null' end,
        case when a.attidentity = 'a' then ' generated always as identity' end,
        (select ' default ' || pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = c.oid and d.adnum = a.attnum)
      ), E',\\n' order by a.attnum)
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    (select string_agg(format('  constraint %s %s', k.conname, pg_get_constraintdef(k.oid)), E',\\n' order by k.conname)
    from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n')),
  case when c.reloptions is not null
    then format(' with (%s)', (select string_agg(o, ', ' order by o) from unnest(c.reloptions) o)) end) as line
from pg_class c where c.relnamespace = $schema and c.relkind = 'r' order by c.relname collate "C"`

/** Those of identity columns belong to their tables. */
const SEQUENCES = `
select format('create sequence %s increment %s cache %s;', c.relname, s.seqincrement, s.seqcache) as line
from pg_class c join pg_sequence s on s.seqrelid = c.oid
where c.relnamespace = $schema and not exists (
  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('i', 'a') and d.refobjsubid > 0)
order by c.relname collate "C"`

/** Those of constraints stand with their tables. */
const INDEXES = `
select pg_get_indexdef(i.indexrelid) || ';' as line
from pg_index i join pg_class c on c.oid = i.indexrelid
where c.relnamespace = $schema and not exists (select from pg_constraint k where k.conindid = c.oid)
order by c.relname collate "C"`

/** Servers write queries in different words: this much is the same on all. */
const VIEWS = `
select format(E'create view %s (\\n%s\\n);', c.relname,
  (select string_agg(format('  %s %s', a.attname, format_type(a.atttypid, a.atttypmod)), E',\\n' order by a.attnum)
  from pg_attribute a where a.attrelid = c.oid and a.attnum > 0)) as line
from pg_class c where c.relnamespace = $schema and c.relkind = 'v' order by c.relname collate "C"`

const FUNCTIONS = `
select format('create function %s(%s) returns %s language %s %s%s%s; -- %s', p.proname, pg_get_function_arguments(p.oid),
  pg_get_function_result(p.oid), l.lanname,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
  case when p.proisstrict then ' strict' end,
  (select string_agg(' set ' || o, '' order by o) from unnest(p.proconfig) o), md5(p.prosrc)) as line
from pg_proc p join pg_language l on l.oid = p.prolang
where p.pronamespace = $schema order by p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"`
