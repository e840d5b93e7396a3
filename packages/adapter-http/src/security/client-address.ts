/** Where a request came from, as far as the socket tells. */
import { isIPv6 } from 'node:net'

const ADDRESSES = new WeakMap<Request, string>()

/** Told by the listener that made the request of a socket's. */
export function rememberAddress(request: Request, address: string | undefined): void {
  if (address !== undefined) ADDRESSES.set(request, address)
}

/** The client's address, of IPv6 its network (/64): whoever has one has all of it. Empty when nothing is known. */
export function addressOf(request: Request): string {
  const address = ADDRESSES.get(request) ?? ''
  return isIPv6(address) && !address.includes('.') ? networkOf(address) : address.replace(/^::ffff:/i, '')
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
