/** The log of marks alone, without the rest of a store's schema. */
export const MARKS_LOG = `create schema quarterjack;
  create table quarterjack.marks (
    id bigint generated always as identity primary key,
    source text not null, from_at bigint not null, to_at bigint not null, kind text not null, marked_at bigint not null
  );`
