/** Certificates that nobody else knows, made by openssl: an authority, and what it signed for a server on this machine. */
import { execFile } from 'node:child_process'
import { chmod, chown, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptInstall } from '@quarterjack/fault-kit/apt-install'
import { createServerDirectory } from './data-directory.ts'
import { findProgram } from './find-binaries.ts'
import { serverUser } from './server-user.ts'

const run = promisify(execFile)

async function obtainProgram(): Promise<string> {
  const find = (): string | undefined => findProgram('openssl', 'QJ_TEST_OPENSSL')
  const found = find() ?? ((await aptInstall('openssl')) ? find() : undefined)
  if (found !== undefined) return found
  throw new Error('There is no openssl on this machine, and these tests need one. Install it, or set QJ_TEST_OPENSSL to its program.')
}

/** Files in a directory that servers may read; removed with it. */
export interface Certificates extends AsyncDisposable {
  /** Settings of a server that speaks TLS with the certificate, for 127.0.0.1 and localhost. */
  readonly settings: Readonly<Record<string, string>>
  /** The certificate of the authority, and where it lies. */
  readonly ca: string
  readonly caFile: string
  /** That of another authority, which signed nothing. */
  readonly strangersCa: string
  /** Writes one more file that the server may read, and says where it lies. */
  write(name: string, text: string): Promise<string>
}

/** Makes them. */
export async function createCertificates(): Promise<Certificates> {
  const program = await obtainProgram()
  const directory = await createServerDirectory()
  const path = (name: string): string => join(directory, name)
  const openssl = (...args: readonly string[]): Promise<unknown> => run(program, args, { cwd: directory })
  const authority = (name: string): Promise<unknown> =>
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`],
    )
  const own = async (name: string, mode: number): Promise<void> => {
    const { uid, gid } = serverUser()
    if (uid !== undefined && gid !== undefined) await chown(path(name), uid, gid)
    await chmod(path(name), mode)
  }
  await Promise.all([authority('ca'), authority('strangers')])
  await writeFile(path('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  await openssl(
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost'],
  )
  await openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-extfile', 'names', '-out', 'server.pem'],
  )
  await Promise.all([own('server.key', 0o600), own('server.pem', 0o644)])
  return {
    settings: { ssl: 'on', ssl_cert_file: path('server.pem'), ssl_key_file: path('server.key') },
    ca: await readFile(path('ca.pem'), 'utf8'),
    caFile: path('ca.pem'),
    strangersCa: await readFile(path('strangers.pem'), 'utf8'),
    async write(name, text) {
      await writeFile(path(name), text)
      await own(name, 0o644)
      return path(name)
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}
