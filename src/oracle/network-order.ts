/** Big-endian numbers in byte arrays. No DataView: one on a small array moves it off the heap, which costs more than the frame. */

export const read16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

export const read32 = (bytes: Uint8Array, at: number): number =>
  ((read16(bytes, at) << 16) | read16(bytes, at + 2)) >>> 0;

export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function write32(bytes: Uint8Array, at: number, value: number): void {
  write16(bytes, at, value >>> 16);
  write16(bytes, at + 2, value & 0xffff);
}

/** One address of `words` 32-bit words, as words in host order. */
export function readAddress(bytes: Uint8Array, at: number, words: number): Uint32Array {
  const address = new Uint32Array(words);
  for (let i = 0; i < words; i++) address[i] = read32(bytes, at + 4 * i);
  return address;
}
