/** Where Redis Cluster keeps a key. */

const SLOTS = 16_384

/** The slot of what stands between the first braces: CRC-16/XMODEM, as the cluster specification has it. ASCII only. */
export function slotOf(key: string): number {
  const begin = key.indexOf('{')
  const end = key.indexOf('}', begin + 1)
  const tag = begin === -1 || end <= begin + 1 ? key : key.slice(begin + 1, end)
  let crc = 0
  for (let index = 0; index < tag.length; index++) {
    crc ^= tag.charCodeAt(index) << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  }
  return (crc & 0xffff) % SLOTS
}
