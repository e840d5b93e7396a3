/** Ways to know what changed in a table, or to count along. */
import { captureChanges, pgStore } from '@quarterjack/adapter-pg'
import type { Pool } from 'pg'

/** Installs it on the table `spans`; `drain` takes what was noted out again, as a scheduler does meanwhile. */
export interface Capturer {
  readonly setUp: string
  install(pool: Pool): Promise<void>
  readonly drain: string | null
}

const trigger = (level: 'row' | 'statement', body: string): string => `
  create function note() returns trigger language plpgsql as $$ begin ${body} return null; end $$;
  create trigger note after insert on spans ${level === 'statement' ? 'referencing new table as added' : ''} for each ${level} execute function note()`

export const CAPTURERS: Readonly<Record<string, Capturer>> = {
  quarterjack: {
    setUp: 'captureChanges with windows of an hour',
    async install(pool) {
      const store = pgStore({ pool, hints: false })
      await store.open()
      await store.close()
      await captureChanges({ pool }, { source: 'spans', time: 'started_at', grain: 'hour' })
    },
    drain: 'delete from quarterjack.marks',
  },
  bare: { setUp: 'no trigger', install: () => Promise.resolve(), drain: null },
  'empty trigger': {
    setUp: 'a trigger for each statement, with a transition table, that does nothing: the least that any costs',
    install: async (pool) => void (await pool.query(trigger('statement', ''))),
    drain: null,
  },
  'constant row': {
    setUp: 'a trigger for each statement that reads no row, and appends the same one to a log: the least that a mark costs',
    install: async (pool) =>
      void (await pool.query(`create table log (id bigint generated always as identity primary key, source text not null, from_at bigint not null,
        to_at bigint not null, kind text not null, marked_at bigint not null);
        ${trigger('statement', `insert into log (source, from_at, to_at, kind, marked_at) values ('spans', 1, 2, 'added', 3);`)}`)),
    drain: 'delete from log',
  },
  'unique dirty row': {
    setUp: 'a trigger for each statement, ON CONFLICT DO NOTHING: loses marks',
    install: async (pool) =>
      void (await pool.query(`create table dirty (at timestamptz primary key);
        ${trigger('statement', `insert into dirty select distinct date_trunc('hour', started_at) from added on conflict do nothing;`)}`)),
    drain: 'delete from dirty',
  },
  'counter upsert': {
    setUp: 'a trigger for each row that counts in the target itself',
    install: async (pool) =>
      void (await pool.query(`create table counts (at timestamptz, user_id int, n bigint, primary key (at, user_id)) with (fillfactor = 70);
        ${trigger('row', `insert into counts values (date_trunc('hour', new.started_at), new.user_id, 1) on conflict (at, user_id) do update set n = counts.n + 1;`)}`)),
    drain: null,
  },
}
