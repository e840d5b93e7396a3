/** A disk that can be filled: a small one of its own where we may mount, else triggers that say what a full disk says. */
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { createServerDirectory } from '../servers/data-directory.ts'
import type { PostgresServer } from '../servers/postgres.ts'
import { serverUser } from '../servers/server-user.ts'

const run = promisify(execFile)
const SIZE_MB = 48

/** Where a store's database may lie. */
export interface SmallDisk extends AsyncDisposable {
  readonly kind: 'real' | 'simulated'
  /** For the database; null when its disk is the server's. */
  readonly tablespace: string | null
  fill(url: string): Promise<void>
  free(url: string): Promise<void>
}

/** Makes one. It must be disposed of after the databases on it. */
export async function makeSmallDisk(server: PostgresServer): Promise<SmallDisk> {
  const directory = await mount()
  return directory === null ? simulated() : real(server, directory)
}

async function mount(): Promise<string | null> {
  const { uid, gid } = serverUser()
  if (process.platform !== 'linux' || uid === undefined || gid === undefined) return null
  const directory = await createServerDirectory()
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m,uid=${uid},gid=${gid},mode=700`, 'tmpfs', directory])
    return directory
  } catch {
    // A container that may not mount.
    await rm(directory, { recursive: true })
    return null
  }
}

async function real(server: PostgresServer, directory: string): Promise<SmallDisk> {
  await ask(server.url, `create tablespace small location '${directory}'`)
  const filler = join(directory, 'filler')
  return {
    kind: 'real',
    tablespace: 'small',
    async fill() {
      const stream = createWriteStream(filler)
      stream.on('error', () => undefined)
      stream.write(Buffer.alloc(SIZE_MB * 1_048_576))
      await finished(stream.end()).catch(() => undefined)
    },
    free: () => rm(filler),
    async [Symbol.asyncDispose]() {
      await server.close()
      // Whoever was killed on the way leaves a mount behind that holds nothing.
      await run('umount', ['--lazy', directory])
      await rm(directory, { recursive: true })
    },
  }
}

const RAISE = `
  create function public.no_room() returns trigger language plpgsql as $$
  begin raise 'could not extend file: No space left on device' using errcode = '53100'; end $$`
const ON_EACH_TABLE = `
  do $$ declare t text; begin
    for t in select tablename from pg_tables where schemaname = 'quarterjack' loop
      execute format('create trigger no_room before insert or update or delete on quarterjack.%I for each statement execute function public.no_room()', t);
    end loop;
  end $$`

function simulated(): SmallDisk {
  return {
    kind: 'simulated',
    tablespace: null,
    fill: (url) => ask(url, `${RAISE}; ${ON_EACH_TABLE}`),
    free: (url) => ask(url, 'drop function public.no_room() cascade'),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function ask(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
