/** The slot of a key or a sharded channel on a Redis Cluster. Pure. */

const SLOTS = 16_384;

/** Slot of what is between the first braces, or of all of it: CRC16 (XMODEM) modulo 16,384. */
export function slotOf(key: string): number {
  const [, tag = key] = /^[^{]*\{([^}]+)\}/.exec(key) ?? [];
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff;
  }
  return crc % SLOTS;
}
