/** As whom servers run: Postgres and PgBouncer refuse to run as root. */
import { readFileSync } from 'node:fs'

/** What `spawn` takes to run a program as another user; empty: as ourselves. */
export interface ServerUser {
  readonly uid?: number
  readonly gid?: number
}

/** An unprivileged user if we are root (it must have a name, or initdb refuses), else ourselves. */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return {}
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name = '', , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  )
  const user = users.get('postgres') ?? users.get('nobody')
  if (user !== undefined) return user
  throw new Error(
    'Postgres does not run as root, and there is no user postgres or nobody to run it as. Create one, or run the tests as another user.',
  )
}
