/** One command to a server, past every client that is tested. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Where a server is, and as whom to ask it. */
export interface ServerAddress {
  readonly port: number
  readonly username?: string
  readonly password?: string
}

/** What it answers: lists are lists, integers numbers, the rest texts; nothing is null. Throws what it refuses. */
export type Answer = string | number | null | readonly Answer[]

const PATIENCE_MS = 5_000

/** Asks over a connection of its own. */
export async function askServer({ port, username, password }: ServerAddress, ...command: readonly string[]): Promise<Answer> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`The server did not answer within ${PATIENCE_MS} ms.`)))
  try {
    await once(socket, 'connect')
    if (password !== undefined) await askOn(socket, ['AUTH', username ?? 'default', password])
    return await askOn(socket, command)
  } finally {
    socket.destroy()
  }
}

async function askOn(socket: Socket, command: readonly string[]): Promise<Answer> {
  const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  socket.write(`*${command.length}\r\n${words.join('')}`)
  let bytes = Buffer.alloc(0)
  for (;;) {
    const read = readAnswer(bytes, 0)
    if (read !== null) {
      if (read.answer instanceof Error) throw read.answer
      return read.answer
    }
    const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown]
    if (!(chunk instanceof Buffer)) throw new Error('The server closed the connection.')
    bytes = Buffer.concat([bytes, chunk])
  }
}

/** RESP2. Null while it has not come in whole. */
function readAnswer(bytes: Buffer, from: number): { readonly answer: Answer | Error; readonly end: number } | null {
  const stop = bytes.indexOf('\r\n', from)
  if (stop === -1) return null
  const line = bytes.toString('utf8', from + 1, stop)
  const end = stop + 2
  switch (bytes.toString('utf8', from, from + 1)) {
    case '-':
      return { answer: new Error(line), end }
    case ':':
      return { answer: Number(line), end }
    case '$': {
      const length = Number(line)
      if (length === -1) return { answer: null, end }
      return bytes.length < end + length + 2 ? null : { answer: bytes.toString('utf8', end, end + length), end: end + length + 2 }
    }
    case '*': {
      const answers: Answer[] = []
      let at = end
      for (let count = Number(line); count > 0; count--) {
        const read = readAnswer(bytes, at)
        if (read === null) return null
        answers.push(read.answer instanceof Error ? read.answer.message : read.answer)
        at = read.end
      }
      return { answer: answers, end: at }
    }
    default:
      return { answer: line, end }
  }
}
