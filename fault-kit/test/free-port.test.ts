import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../src/free-port.ts'

const TAKEN = join(tmpdir(), `quarterjack-ports-${process.getuid?.() ?? 'all'}`)
const MODULE = new URL('../src/free-port.ts', import.meta.url).href

describe('freePort', () => {
  it('gives no port twice, though none of them is listened on', async () => {
    const ports = await Promise.all(Array.from({ length: 300 }, freePort))
    expect(new Set(ports).size).toBe(300)
    for (const port of ports) expect(existsSync(join(TAKEN, String(port)))).toBe(true)
  })

  it('gives nobody a port of a process that lives, and back what it had when it ends', async () => {
    const script = `
      const { freePort } = await import(${JSON.stringify(MODULE)})
      const random = Math.random
      let tries = 0
      Math.random = () => (tries++ < 3 ? (Number(process.argv[1]) - 20000 + 0.5) / 12000 : random())
      console.log(await freePort(), tries)`
    const ask = (port: number): [number, number] => {
      const [got = 0, tries = 0] = execFileSync(process.execPath, ['--input-type=module', '-e', script, String(port)], { encoding: 'utf8' })
        .trim()
        .split(' ')
        .map(Number)
      return [got, tries]
    }
    const port = await freePort()
    const [other, tries] = ask(port)
    expect(other).not.toBe(port)
    expect(tries).toBeGreaterThan(3)
    expect(existsSync(join(TAKEN, String(other)))).toBe(false)
  })

  it('takes a port of a process that is gone', async () => {
    const gone = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }))
    const port = await freePort()
    mkdirSync(TAKEN, { recursive: true })
    writeFileSync(join(TAKEN, String(port)), String(gone))
    const random = Math.random
    try {
      Math.random = () => (port - 20_000 + 0.5) / 12_000
      expect(await freePort()).toBe(port)
    } finally {
      Math.random = random
    }
  })
})
